/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: octets give a configuration that "config show" writes down and that is read back as
 * the same, or errors that name a line of the file; no file is opened but those that are named. */
/*
 * The first octet chooses the mode of the file; then the file, and behind a FS (0x1c) what an
 * include of "other.conf" reads. There is no disk: the linker puts the functions below in the place
 * of file_slurp() and open().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "config/config.h"
#include "config/syntax.h"
#include "config/values.h"
#include "fuzz.h"
#include "verbs/config.h"

#define FOLDER "/home/fuzz/.config/ambil/"
static const char HOME[] = "/home/fuzz", MAIN[] = FOLDER "ambil.conf",
		  OTHER[] = FOLDER "other.conf";
enum { FILE_MARK = 0x1c };

extern char **environ;

/* The files there are. Static, for the functions below have the arguments of those they replace. */
static struct span main_file, other_file;
static mode_t main_mode;
static bool playing;

bool __wrap_file_slurp(
	const char *path, size_t max, struct buf *out, mode_t *mode_out, uid_t *uid_out);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

static bool contains(struct span text, struct span word)
{
	for (size_t i = 0; word.len <= text.len && i <= text.len - word.len; i++)
		if (word.len == 0 || memcmp(text.data + i, word.data, word.len) == 0)
			return true;
	return word.len == 0;
}

/* Without backslashes, which quoting adds, and ~, which is replaced. */
static void add_plain(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != '\\' && text.data[i] != '~')
			buf_add(out, text.data + i, 1);
}

/* The last part of a path, but for what ${HOME} and ~ put in, stands in the files. */
static void check_named(const char *path)
{
	struct buf text = {NULL, 0, 0}, plain = {NULL, 0, 0};
	/* Relative names are taken from the folder of the file that includes them. */
	size_t folder = strncmp(path, FOLDER, sizeof(FOLDER) - 1) == 0 ? sizeof(FOLDER) - 1 : 0;
	struct span rest = span_of(path + folder), last = {"", 0};

	for (const char *at; (at = strstr(rest.data, HOME));) {
		add_plain(&plain, (struct span){rest.data, (size_t)(at - rest.data)});
		buf_add_text(&plain, "/");
		rest = span_of(at + sizeof(HOME) - 1);
	}
	add_plain(&plain, rest);
	for (struct span all = buf_span(&plain); all.len;) {
		struct span part = take_until(&all, '/');

		last = part.len ? part : last;
	}
	add_plain(&text, main_file);
	add_plain(&text, other_file);
	CHECK(contains(buf_span(&text), last));
	buf_release(&text);
	buf_release(&plain);
}

bool __wrap_file_slurp(
	const char *path, size_t max, struct buf *out, mode_t *mode_out, uid_t *uid_out)
{
	bool is_main = strcmp(path, MAIN) == 0;

	if (!is_main && strcmp(path, OTHER) != 0) {
		check_named(path);
		errno = path[0] ? ENOENT : EISDIR;
		return false;
	}
	CHECK(is_main || contains(main_file, span_of("other")) ||
		contains(other_file, span_of("other")));
	errno = EFBIG;
	if ((is_main ? main_file : other_file).len > max)
		return false;
	buf_add(out, is_main ? main_file.data : other_file.data,
		is_main ? main_file.len : other_file.len);
	*mode_out = is_main ? main_mode : 0600;
	*uid_out = geteuid();
	return true;
}

/* A ca-file: only asked whether it can be read. Others open files too, when nothing is played. */
int __wrap_open(const char *path, int flags, ...)
{
	if (!playing) {
		va_list ap;
		unsigned mode = 0;

		va_start(ap, flags);
		if (flags & O_CREAT)
			mode = va_arg(ap, unsigned);
		va_end(ap);
		return __real_open(path, flags, mode);
	}
	CHECK((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) == O_RDONLY);
	check_named(path);
	errno = ENOENT;
	return strstr(path, "missing") ? -1 : dup(STDIN_FILENO);
}

int __wrap_open64(const char *path, int flags, ...)
{
	va_list ap;
	unsigned mode = 0;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, unsigned);
	va_end(ap);
	return __wrap_open(path, flags, mode);
}

/* ---- what must hold ---- */

static size_t count_lines(struct span text)
{
	size_t lines = 1;

	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	return lines;
}

/* "ambil.conf:3: …", or a sentence about the whole file. */
static void check_error(const struct error *e)
{
	static const char own[] = "ambil.conf:", included[] = "~/.config/ambil/other.conf:";
	bool first = strncmp(e->text, own, sizeof(own) - 1) == 0;
	bool second = strncmp(e->text, included, sizeof(included) - 1) == 0;
	unsigned long line;
	char *end;

	CHECK(e->kind == ERROR_CONFIG && e->text[0]);
	for (const char *p = e->text; *p; p++)
		CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
	if (!first && !second) {
		CHECK(strstr(e->text, "(mode ") && e->remedy[0]);
		return;
	}
	line = strtoul(e->text + (first ? sizeof(own) : sizeof(included)) - 1, &end, 10);
	CHECK(*end == ':' && line > 0 && line <= count_lines(first ? main_file : other_file));
}

/* Of two settings of one name in one place libconfuse has one value; the loader refuses that. */
static bool stands_once(const struct syntax *form, size_t i)
{
	const struct syntax_item *item = &form->items[i];
	size_t n = 0;

	for (size_t k = 0; k < form->n; k++)
		n += form->items[k].kind == item->kind && form->items[k].account == item->account &&
			strcmp(form->items[k].name, item->name) == 0;
	return n == 1 || item->kind == SYNTAX_INCLUDE;
}

/* What the form allows libconfuse reads, each word of it. */
static void check_form(struct span text)
{
	struct syntax form;
	unsigned line = 0;
	char **values;

	syntax_text(&form, text);
	for (size_t i = 0; i < form.n_errors; i++)
		CHECK(form.errors[i].line > 0 && form.errors[i].line <= count_lines(text));
	for (size_t i = 0; i < form.n; i++) {
		CHECK(form.items[i].line > 0 && form.items[i].line <= count_lines(text));
		if (form.items[i].kind == SYNTAX_SETTING &&
			settings_find(form.items[i].name) == SETTINGS_COUNT)
			form.items[i].skip = true;
	}
	values = values_read(&form, &line);
	CHECK(values);
	for (size_t i = 0; i < form.n; i++) {
		const struct syntax_item *item = &form.items[i];

		CHECK((values[i] == NULL) == (item->kind == SYNTAX_ACCOUNT || item->skip));
		if (values[i] && stands_once(&form, i) && item->raw.data[0] != '"' &&
			item->raw.data[0] != '\'')
			CHECK(span_is(item->raw, values[i]));
	}
	values_free(values, form.n);
	syntax_release(&form);
}

static void check_same_values(enum setting_scope outside, const void *a, const void *b)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *s = &settings[i];
		char *first, *second;

		if ((s->scope == SCOPE_TOP) != (outside == SCOPE_TOP) || s->secret)
			continue;
		first = setting_show(s, a, HOME);
		second = setting_show(s, b, HOME);
		CHECK(first && second ? strcmp(first, second) == 0 : first == second);
		free(first);
		free(second);
	}
}

static void check_read_back(const struct config *config)
{
	struct buf text = {NULL, 0, 0};
	struct config again;
	struct error e;

	config_show(&text, config, NULL);
	main_file = buf_span(&text);
	main_mode = 0600;
	CHECK(config_load(MAIN, &again, NULL, &e));
	CHECK(again.n == config->n);
	check_same_values(SCOPE_TOP, config, &again);
	for (size_t i = 0; i < config->n; i++) {
		CHECK(strcmp(config->accounts[i].name, again.accounts[i].name) == 0);
		check_same_values(SCOPE_ACCOUNT, &config->accounts[i], &again.accounts[i]);
	}
	config_release(&again);
	buf_release(&text);
}

static void play(struct span in)
{
	static const mode_t modes[] = {0600, 0644, 0666};
	struct config_errors errors;
	struct config config;
	struct error e;

	main_mode = modes[take_octet(&in) % 3];
	main_file = take_until(&in, FILE_MARK);
	other_file = in;
	check_form(main_file);
	if (config_load(MAIN, &config, &errors, &e)) {
		check_read_back(&config);
		config_release(&config);
		return;
	}
	CHECK(errors.n > 0 && strcmp(errors.list[0].text, e.text) == 0);
	for (size_t i = 0; i < errors.n; i++)
		check_error(&errors.list[i]);
	config_errors_release(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char home[] = "HOME=/home/fuzz", *environment[] = {home, NULL};
	char **usual = environ;

	environ = environment;
	playing = true;
	play((struct span){(const char *)data, len});
	playing = false;
	environ = usual;
	return 0;
}
