/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command that other fetchers hand to a shell for each mail, with the sender of the envelope as
 * %F and perhaps its recipient as %T, or %s as fetchmail had it first. Here the sender is not known
 * and the recipient is always the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "import/import.h"

/* The next word of a command with its quotes, and the blanks behind it. */
static struct span raw_word(struct span *rest)
{
	struct span word = {rest->data, 0};
	char quote = '\0';

	for (; word.len < rest->len; word.len++) {
		char ch = word.data[word.len];

		if (!quote && (ch == ' ' || ch == '\t'))
			break;
		if (quote ? ch == quote : ch == '\'' || ch == '"')
			quote = quote ? '\0' : ch;
		else if (ch == '\\' && quote != '\'' && word.len + 1 < rest->len)
			word.len++;
	}
	rest->data += word.len;
	rest->len -= word.len;
	*rest = span_trim(*rest);
	return word;
}

static bool has_sender(struct span word)
{
	for (size_t i = 0; i + 1 < word.len; i++)
		if (word.data[i] == '%' && word.data[i + 1] == 'F')
			return true;
	return false;
}

/* Whether it is %F and nothing else, but for quotes. */
static bool is_sender(struct span word)
{
	if (word.len >= 2 && strchr("'\"", word.data[0]) && word.data[word.len - 1] == word.data[0])
		word = (struct span){word.data + 1, word.len - 2};
	return span_is(word, "%F");
}

static bool is_sender_option(struct span word)
{
	return span_is(word, "-f") || span_is(word, "-r") || span_is(word, "--from") ||
		span_is(word, "-F");
}

/* -f%F, -f'%F', --from=%F … */
static bool is_option_with_sender(struct span word)
{
	static const char *const prefixes[] = {"--from=", "-f", "-r"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i]);

		if (word.len > len && memcmp(word.data, prefixes[i], len) == 0 &&
			is_sender((struct span){word.data + len, word.len - len}))
			return true;
	}
	return false;
}

/* The sender of the envelope where it is no option of its own is what mpop puts for none. */
static void add_expanded(struct buf *out, struct span word, const char *recipient)
{
	for (size_t i = 0; i < word.len; i++) {
		char next = word.data[i] == '%' && i + 1 < word.len ? word.data[i + 1] : '\0';
		bool names_recipient = recipient && (next == 'T' || next == 's');

		if (next == 'F')
			buf_add_text(out, "MAILER-DAEMON");
		else if (names_recipient)
			import_quote_word(out, recipient);
		else
			buf_add(out, word.data + i, 1);
		i += next == 'F' || names_recipient;
	}
}

static void add_word(struct imported *out, struct imported_account *to,
	const struct import_mda *mda, struct span word, struct buf *command)
{
	if (is_option_with_sender(word)) {
		imported_note(out, to, IMPORT_DROPPED, mda->line,
			"%s in %s, because the sender of the envelope is not known here; the "
			"command does without",
			safe(word).text, mda->setting);
		return;
	}
	if (has_sender(word))
		imported_note(out, to, IMPORT_CHANGED, mda->line,
			"%%F in %s is MAILER-DAEMON now, because the sender of the envelope is not "
			"known here",
			mda->setting);
	if (command->len)
		buf_add_text(command, " ");
	add_expanded(command, word, mda->recipient);
}

char *import_mda(struct imported *out, struct imported_account *to, const struct import_mda *mda)
{
	struct span rest = span_trim(mda->command);
	struct buf command = {0};
	char *whole, *result;

	while (rest.len) {
		struct span word = raw_word(&rest), ahead = rest;
		struct span next = rest.len ? raw_word(&ahead) : rest;

		if (is_sender_option(word) && is_sender(next)) {
			rest = ahead;
			imported_note(out, to, IMPORT_DROPPED, mda->line,
				"%s %%F in %s, because the sender of the envelope is not known "
				"here; the command does without",
				safe(word).text, mda->setting);
			continue;
		}
		add_word(out, to, mda, word, &command);
	}
	whole = buf_detach(&command);
	result = import_command(whole);
	free(whole);
	return result;
}
