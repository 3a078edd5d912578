/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The statements of fetchmail's run control file: set, one record of defaults in front of the
 * others, and polls; each of these is a server's options, then its users with theirs. What the
 * manual leaves open was tried with fetchmail 6.4: what may stand without quotes, and what wins.
 */
#include "import/fetchmail.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/text.h"
#include "import/fetchmail_parse.h"

/* A poll, or the defaults. There is a user in any case, perhaps without a name. */
struct record {
	char *name; /* NULL: the defaults */
	bool skip;
	unsigned line;
	struct fm_value values[FM_OPTIONS];
	struct fm_user *users;
	size_t n_users;
	bool in_user; /* options of a user have begun */
	bool named;   /* the first user is */
};

struct file {
	struct fm_reader r;
	struct record *records;
	size_t n;
	struct fm_globals globals;
	struct import_index polls; /* how many users are at each name */
	struct imported *out;
};

/* ---- set ---- */

enum { IDFILE, INVISIBLE, PIDFILE };
static const struct global {
	const char *name;
	enum { GLOBAL_SWITCH, GLOBAL_NUMBER, GLOBAL_TEXT } kind;
	const char *why; /* it is not converted; NULL: it is */
} globals[] = {
	[IDFILE] = {"idfile", GLOBAL_TEXT, NULL},
	[INVISIBLE] = {"invisible", GLOBAL_SWITCH, NULL},
	[PIDFILE] = {"pidfile", GLOBAL_TEXT, NULL},
	{"daemon", GLOBAL_NUMBER,
		N_("ambil ends when it has fetched: a line in crontab, or ambil.timer, starts it")},
	{"postmaster", GLOBAL_TEXT, N_("mail that cannot be delivered stays on the server")},
	{"bouncemail", GLOBAL_SWITCH,
		N_("nothing is sent: mail that is not taken stays on the server")},
	{"spambounce", GLOBAL_SWITCH,
		N_("nothing is sent: mail that is not taken stays on the server")},
	{"softbounce", GLOBAL_SWITCH, N_("mail that is not taken stays on the server")},
	{"logfile", GLOBAL_TEXT, N_("errors go where cron or the journal has them")},
	{"syslog", GLOBAL_SWITCH, N_("errors go where cron or the journal has them")},
	{"showdots", GLOBAL_SWITCH, N_("the terminal alone has progress")},
	{"properties", GLOBAL_TEXT, N_("it says nothing to fetchmail either")},
};

/* Where there is "no", or it stands for what is done anyway, there is nothing to say. */
static void keep_global(
	struct file *f, size_t index, unsigned line, bool off, const struct fm_value *v)
{
	const struct global *g = &globals[index];

	if (index == IDFILE)
		fm_set_value(&f->globals.idfile, v->text, line);
	else if (index == INVISIBLE)
		fm_set_value(&f->globals.invisible, off ? "off" : "on", line);
	else if (index == PIDFILE) {
		free(f->out->pid_file);
		f->out->pid_file = xstrdup(v->text);
	} else if (!off && (!v->text || v->text[0]))
		imported_note(f->out, NULL, IMPORT_DROPPED, line, "set %s, because %s", g->name,
			_(g->why));
}

static void take_set(struct file *f)
{
	struct fm_reader *r = &f->r;
	bool off = fm_take_keyword(r, "no");
	size_t n = sizeof(globals) / sizeof(globals[0]), i = 0;
	struct fm_value v = {NULL, 0};
	unsigned line;

	fm_skip_noise(r);
	/* They switch off what is off here anyway. */
	if (!off && (fm_take_keyword(r, "nobouncemail") || fm_take_keyword(r, "nospambounce")))
		return;
	line = r->word.line;
	while (i < n && !fm_take_keyword(r, globals[i].name))
		i++;
	if (i == n || (off && globals[i].kind != GLOBAL_SWITCH)) {
		fm_fail(r, "fetchmail has no \"set %s\"",
			r->word.text ? safe(span_of(r->word.text)).text : "");
		return;
	}
	if (globals[i].kind == GLOBAL_TEXT && r->word.kind == FETCHMAIL_EQUALS)
		fm_next(r);
	if (globals[i].kind == GLOBAL_TEXT)
		fm_take_text(r, globals[i].name, &v);
	else if (globals[i].kind == GLOBAL_NUMBER)
		fm_take_number(r, globals[i].name, &v);
	if (!r->failed)
		keep_global(f, i, line, off, &v);
	wipe_free(v.text);
}

/* ---- records ---- */

static struct fm_user *add_user(struct record *record, unsigned line)
{
	record->users = xreallocarray(record->users, record->n_users + 1, sizeof(*record->users));
	record->users[record->n_users] = (struct fm_user){.line = line};
	return &record->users[record->n_users++];
}

static struct record *add_record(struct file *f, bool skip)
{
	struct record *record;

	f->records = xreallocarray(f->records, f->n + 1, sizeof(*f->records));
	record = &f->records[f->n++];
	*record = (struct record){.skip = skip, .line = f->r.word.line};
	add_user(record, record->line);
	return record;
}

static bool begins_statement(const struct fm_reader *r)
{
	static const char *const words[] = {"poll", "server", "skip", "defaults", "set"};

	for (size_t i = 0; r->word.kind == FETCHMAIL_PLAIN && i < 5; i++)
		if (strcmp(r->word.text, words[i]) == 0)
			return true;
	return r->word.kind == FETCHMAIL_END;
}

/* The user that the option is for; says so when it stands at the wrong place. */
static struct fm_user *user_for(struct file *f, struct record *record, size_t option)
{
	struct fm_reader *r = &f->r;

	if (fm_is_of_server(option) && record->in_user)
		fm_fail(r, "%s is of the server: it belongs in front of the users",
			fm_name((enum fm_option)option));
	else if (option == FM_REMOTE && record->in_user && !record->named)
		fm_fail(r, "options of a user stand in front of the first user");
	else if (option == FM_REMOTE && record->named && !record->name)
		fm_fail(r, "the defaults can have one user only");
	if (option == FM_REMOTE && record->named)
		add_user(record, r->word.line);
	else if (option == FM_REMOTE)
		record->users[0].line = r->word.line;
	record->in_user = record->in_user || !fm_is_of_server(option);
	record->named = record->named || option == FM_REMOTE;
	return &record->users[record->n_users - 1];
}

static void take_options(struct file *f, struct record *record)
{
	struct fm_reader *r = &f->r;

	for (fm_skip_noise(r); !r->failed && !begins_statement(r); fm_skip_noise(r)) {
		bool off = fm_take_keyword(r, "no"), stuck = false;
		size_t option = FM_OPTIONS;

		fm_skip_noise(r);
		if (r->word.kind == FETCHMAIL_PLAIN)
			option = fm_find_option(r->word.text, &stuck);
		if (option == FM_OPTIONS && r->behind_secret) {
			fm_fail(r,
				"behind the password stands no option: one with blanks or , ; : "
				"= in it needs quotes");
			return;
		}
		if (option == FM_OPTIONS || (off && (stuck || !fm_may_be_off(option)))) {
			fm_fail(r, "fetchmail has no option \"%s%s\"", off ? "no " : "",
				r->word.text ? import_unknown(span_of(r->word.text)).text : "");
			return;
		}
		fm_take_option(
			r, record->values, user_for(f, record, option), option, off || stuck);
	}
}

static void take_record(struct file *f, bool skip)
{
	struct fm_value name = {NULL, 0};
	struct record *record = add_record(f, skip);

	fm_take_text(&f->r, skip ? "skip" : "poll", &name);
	record->name = name.text ? name.text : xstrdup("");
	record->line = name.line;
	if (!f->r.failed && !record->name[0])
		fm_fail(&f->r, "the name of the server is missing");
	take_options(f, record);
}

static void take_statement(struct file *f)
{
	struct fm_reader *r = &f->r;

	if (fm_take_keyword(r, "set")) {
		take_set(f);
	} else if (fm_take_keyword(r, "skip")) {
		take_record(f, true);
	} else if (fm_take_keyword(r, "poll") || fm_take_keyword(r, "server")) {
		take_record(f, false);
	} else if (fm_take_keyword(r, "defaults")) {
		struct record *record = add_record(f, false);

		if (f->n > 1)
			fm_fail(r, "the defaults must be the first record, and there is one only");
		take_options(f, record);
	} else {
		fm_fail(r, "a record begins with poll, skip or defaults, and not with \"%s\"",
			safe(span_of(r->word.text)).text);
	}
	fm_skip_noise(r);
}

/* ---- accounts ---- */

/* How many users the polls of each name have. */
static void count_names(struct file *f)
{
	for (size_t i = 0; i < f->n; i++) {
		char *name = f->records[i].name ? import_mailbox(f->records[i].name, "", "") : NULL;
		size_t *n = name ? import_index_find(&f->polls, name) : NULL;

		if (n)
			*n += f->records[i].n_users;
		else if (name)
			import_index_add(&f->polls, name, f->records[i].n_users);
		free(name);
	}
}

/* Whether no other poll, or user of this one, has the name of this poll. */
static bool is_alone(const struct file *f, const struct record *record)
{
	char *name = import_mailbox(record->name, "", "");
	const size_t *n = import_index_find(&f->polls, name);

	free(name);
	return n && *n == 1;
}

/* What it says, else what the defaults say. */
static const struct fm_value *choose(
	const struct fm_value *own, const struct record *defaults, size_t option)
{
	if (own->text || !defaults)
		return own;
	return fm_is_of_server(option) ? &defaults->values[option]
				       : &defaults->users[0].values[option];
}

static void convert(struct file *f, const struct record *record, const struct fm_user *user)
{
	const struct record *defaults = f->records[0].name ? NULL : &f->records[0];
	struct fm_account account = {.poll = record->name,
		.skip = record->skip,
		.alone = is_alone(f, record),
		.line = user->line};

	for (size_t i = 0; i < FM_OPTIONS; i++)
		account.values[i] = choose(
			fm_is_of_server(i) ? &record->values[i] : &user->values[i], defaults, i);
	fm_convert(&account, &f->globals, f->out);
}

static void release_values(struct fm_value *values)
{
	for (size_t i = 0; i < FM_OPTIONS; i++)
		wipe_free(values[i].text);
}

static void release(struct file *f)
{
	for (size_t i = 0; i < f->n; i++) {
		for (size_t j = 0; j < f->records[i].n_users; j++)
			release_values(f->records[i].users[j].values);
		release_values(f->records[i].values);
		free(f->records[i].users);
		free(f->records[i].name);
	}
	free(f->records);
	import_index_release(&f->polls);
	import_index_release(&f->globals.mailboxes);
	free(f->globals.idfile.text);
	free(f->globals.invisible.text);
	wipe_free(f->r.word.text);
}

bool fetchmail_read(struct span text, const char *shown, const struct fetchmail_world *world,
	struct imported *out, struct error *e)
{
	struct file f = {.r = {.words = {text, 1}, .shown = shown, .e = e},
		.globals = {.login = world->login, .sendmail = world->sendmail},
		.out = out};

	*out = (struct imported){.n = 0};
	fm_next(&f.r);
	fm_skip_noise(&f.r);
	while (!f.r.failed && f.r.word.kind != FETCHMAIL_END)
		take_statement(&f);
	count_names(&f);
	for (size_t i = 0; !f.r.failed && i < f.n; i++)
		for (size_t j = 0; f.records[i].name && j < f.records[i].n_users; j++)
			convert(&f, &f.records[i], &f.records[i].users[j]);
	release(&f);
	if (f.r.failed)
		imported_release(out);
	return !f.r.failed;
}
