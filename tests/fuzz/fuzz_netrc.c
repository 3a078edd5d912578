/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: a password that is found is not empty, stands on a line of the file, and is found
 * again in an entry that is written anew with quotes; an entry for somebody else in front changes
 * nothing. */
#include "auth/netrc.h"
#include "fuzz.h"

static const char host[] = "pop.example.org", user[] = "anna";

static void check_written_anew(const char *password)
{
	struct buf text = {NULL, 0, 0};
	char *again;
	unsigned line;

	buf_printf(&text, "machine %s login %s password \"", host, user);
	for (const char *p = password; *p; p++) {
		/* A line end cannot be written. */
		if (*p == '\n')
			goto end;
		buf_add(&text, "\\", 1);
		buf_add(&text, p, 1);
	}
	buf_add_text(&text, "\"");
	CHECK(netrc_find(buf_span(&text), host, user, &again, &line) == NETRC_FOUND);
	CHECK(strcmp(again, password) == 0 && line == 1);
	wipe_free(again);
end:
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char other[] = "machine other.example.org login anna password no\n";
	struct span in = {(const char *)data, len};
	char *exact = exact_copy(in), *password, *behind;
	struct buf two = {NULL, 0, 0};
	unsigned line, lines = 1, line_behind;
	enum netrc_result result = netrc_find(
		(struct span){exact, len}, host, user, &password, &line);

	for (size_t i = 0; i < len; i++)
		lines += exact[i] == '\n';
	CHECK((result == NETRC_FOUND) == (password != NULL));
	CHECK(line <= lines);
	buf_add_text(&two, other);
	buf_add(&two, exact, len);
	CHECK(netrc_find(buf_span(&two), host, user, &behind, &line_behind) == result);
	if (result != NETRC_NOTHING)
		CHECK(line >= 1 && line_behind == line + 1);
	if (password) {
		CHECK(password[0] && strcmp(password, behind) == 0);
		check_written_anew(password);
	}
	wipe_free(behind);
	behind = netrc_login((struct span){exact, len}, host);
	CHECK(!behind || behind[0]);
	free(behind);
	wipe_free(password);
	buf_release(&two);
	free(exact);
	return 0;
}
