/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where getmail's mail goes: a file of mail, or a command. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "import/getmail_inner.h"

static void cannot_deliver(struct gm_converter *c, const struct ini_entry *entry, const char *what)
{
	if (strncasecmp(what, "Multi", strlen("Multi")) == 0)
		DROPPED(c, entry,
			"%s, because mail goes to one place here (a program behind pipe: can part it, "
			"or serve several): say where with deliver, and take out enabled = false",
			safe(span_of(what)).text);
	else
		DROPPED(c, entry,
			"%s, because there is no such destination: say where mail goes with deliver, "
			"and take out enabled = false",
			safe(span_of(what)).text);
	if (!imported_get(c->to, "enabled"))
		gm_set(c, "enabled", entry, "false");
}

static bool is_sender_option(const char *word)
{
	return strcmp(word, "-f") == 0 || strcmp(word, "-r") == 0;
}

/* Whether a name of a variable stands behind this dollar. */
static bool is_variable(const char *dollar)
{
	return isalpha((unsigned char)dollar[1]) || dollar[1] == '_' || dollar[1] == '{';
}

/* getmail puts a home folder for a tilde in front, and variables in; a shell does the same. */
static void add_for_shell(struct buf *line, const char *word)
{
	if (line->len)
		buf_add_text(line, " ");
	if (strncmp(word, "~/", 2) == 0) {
		buf_add_text(line, "~/");
		word += 2;
	}
	if (!strchr(word, '$')) {
		import_quote_word(line, word);
		return;
	}
	buf_add_text(line, "\"");
	for (; *word; word++) {
		if (strchr("\\\"`", *word) || (*word == '$' && !is_variable(word)))
			buf_add_text(line, "\\");
		buf_add(line, word, 1);
	}
	buf_add_text(line, "\"");
}

static void convert_command(struct gm_converter *c, const struct ini_entry *path)
{
	struct ini_entry *entry = gm_get(c, GM_DESTINATION, "arguments");
	char **words = gm_strings(c, entry), *program = gm_path(c, path), *command;
	struct buf line = {0};

	if (program)
		add_for_shell(&line, program);
	free(program);
	for (size_t i = 0; words && words[i]; i++) {
		if (is_sender_option(words[i]) && words[i + 1] &&
			strcmp(words[i + 1], "%(sender)") == 0) {
			DROPPED(c, entry,
				"%s %%(sender) in arguments, because the sender of the envelope is not known "
				"here; the command does without",
				words[i]);
			i++;
		} else if (strstr(words[i], "%(")) {
			cannot_deliver(c, entry, words[i]);
		} else {
			add_for_shell(&line, words[i]);
		}
	}
	ini_free_strings(words);
	if (line.len && !imported_get(c->to, "enabled")) {
		command = import_command(line.data);
		gm_set_fresh(c, "deliver", path, xasprintf("pipe:%s", command));
		free(command);
	}
	buf_release(&line);
	if (gm_truth(c, gm_get(c, GM_DESTINATION, "unixfrom"), false))
		gm_drop(c, GM_DESTINATION, "unixfrom", "no From line is put in front of mail");
	gm_get(c, GM_DESTINATION, "allow_root_commands");
	gm_get(c, GM_DESTINATION, "ignore_stderr");
	gm_get(c, GM_DESTINATION, "pipe_stdout");
	gm_drop(c, GM_DESTINATION, "group", "mail is delivered as the user who runs ambil");
}

void gm_convert_delivery(struct gm_converter *c, const struct ini_entry *type)
{
	struct ini_entry *path = gm_get(c, GM_DESTINATION, "path");
	char *place;

	if (strcasecmp(type->value, "MDA_external") == 0 && path) {
		convert_command(c, path);
	} else if ((strcasecmp(type->value, "Maildir") == 0 ||
			   strcasecmp(type->value, "Mboxrd") == 0) &&
		path) {
		place = gm_path(c, path);
		if (place)
			gm_set_fresh(c, "deliver", path,
				import_destination(strcasecmp(type->value, "Maildir") == 0
						? "maildir:"
						: "mbox:",
					place));
		free(place);
	} else {
		cannot_deliver(c, type, type->value);
	}
	gm_drop(c, GM_DESTINATION, "user", "mail is delivered as the user who runs ambil");
	gm_drop(c, GM_DESTINATION, "filemode", "files of mail are for their owner alone");
	gm_drop(c, GM_DESTINATION, "locktype", "an mbox is locked with fcntl and a file beside it");
}
