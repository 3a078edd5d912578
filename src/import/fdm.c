/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an account of fdm means here. fdm deletes unless it says "keep", checks no certificate
 * unless it says "verify-certificates", and fetches all mail each time unless it says "new-only".
 */
#include "import/fdm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/text.h"
#include "import/fdm_inner.h"

struct converter {
	struct fdm_config *config;
	const struct fdm_account *from;
	struct imported_account *to;
};

static const struct fdm_place nowhere = {"", 0};

/* Whether the line is one of the file that the account is in, or without one of the main file. */
static bool is_same_file(
	const struct fdm_config *c, const struct imported_account *to, struct fdm_place at)
{
	return !at.line || strcmp(at.file, to && to->file ? to->file : c->main_file) == 0;
}

void fdm_note(struct fdm_config *c, struct imported_account *to, enum imported_what what,
	struct fdm_place at, const char *fmt, ...)
{
	char words[1200];
	va_list args;

	va_start(args, fmt);
	text_format(words, sizeof(words), i18n_text(fmt), args);
	va_end(args);
	if (is_same_file(c, to, at))
		imported_note(c->out, to, what, at.line, "%s", words);
	else
		imported_note(c->out, to, what, 0, "%s (%s:%u)", words, at.file, at.line);
}

#define DROPPED(c, at, ...) fdm_note((c)->config, (c)->to, IMPORT_DROPPED, at, __VA_ARGS__)
#define CHANGED(c, at, ...) fdm_note((c)->config, (c)->to, IMPORT_CHANGED, at, __VA_ARGS__)

static void set(struct converter *c, const char *setting, struct fdm_place at, const char *value)
{
	imported_set(c->to, setting, is_same_file(c->config, c->to, at) ? at.line : 0, value);
}

static void set_fresh(struct converter *c, const char *setting, struct fdm_place at, char *value)
{
	set(c, setting, at, value);
	free(value);
}

static void disable(struct converter *c, struct fdm_place at)
{
	if (!imported_get(c->to, "enabled"))
		set(c, "enabled", at, "false");
}

/* Values of several lines have no place in ambil.conf. */
static bool is_one_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* ---- the server ---- */

static void convert_trust(struct converter *c)
{
	const struct fdm_account *a = c->from;

	if (a->no_verify.line)
		CHANGED(c, a->no_verify,
			"no-verify: the certificate is always checked here; if it cannot be, "
			"pin-sha256 trusts just the one that ambil doctor shows");
	else if (!c->config->options.verify.line)
		CHANGED(c, a->at,
			"fdm does not check the certificate without set verify-certificates; now "
			"it is checked");
	if (a->insecure.line)
		DROPPED(c, a->insecure,
			"insecure, because TLS begins with version 1.2 here; tls-min "
			"says another one");
}

static void convert_tls(struct converter *c)
{
	const struct fdm_account *a = c->from;

	if (a->pipe.origin != FDM_ABSENT ||
		(a->type == FDM_POP3 && !a->starttls.line && import_is_here(a->known_server))) {
		set(c, "tls", a->at, "none");
		set(c, "allow-cleartext-password", a->at, "true");
		return;
	}
	set(c, "tls", a->at, a->type == FDM_POP3S ? "implicit" : "starttls");
	if (a->type == FDM_POP3 && !a->starttls.line) {
		char *words = import_encrypts_now("fdm");

		CHANGED(c, a->at, "%s", words);
		free(words);
	}
	convert_trust(c);
}

/* The name in the proxy's URL, which fdm takes as it stands. */
static void add_proxy_user(struct buf *out, struct span user)
{
	for (size_t i = 0; i < user.len; i++)
		buf_printf(out, strchr(":@/%?#[] ", user.data[i]) ? "%%%02X" : "%c",
			(unsigned char)user.data[i]);
	if (user.len)
		buf_add_text(out, "@");
}

/* http://HOST[:PORT], socks://[USER:PASS@]HOST[:PORT]. Whoever has one does not want to go without.
 */
static void convert_proxy(struct converter *c)
{
	struct fdm_text proxy = c->config->options.proxy;
	bool http = strncmp(proxy.text, "http://", 7) == 0;
	bool socks = strncmp(proxy.text, "socks://", 8) == 0;
	const char *rest = proxy.text + (http ? 7 : 8), *at, *colon;
	size_t len;
	struct buf out = {0};

	if (proxy.origin != FDM_PLAIN || (!http && !socks) || !is_one_line(proxy.text)) {
		DROPPED(c, proxy.at,
			"proxy, because it is no URL of http or socks: say which one with proxy, and "
			"take out enabled = false");
		disable(c, proxy.at);
		return;
	}
	at = strrchr(rest, '@');
	colon = at ? memchr(rest, ':', (size_t)(at - rest)) : NULL;
	buf_add_text(&out, http ? "http://" : "socks5://");
	if (at)
		add_proxy_user(&out, (struct span){rest, (size_t)((colon ? colon : at) - rest)});
	rest = at ? at + 1 : rest;
	len = strcspn(rest, "/");
	buf_add(&out, rest, len);
	if (!memchr(rest, ':', len))
		buf_add_text(&out, http ? ":80" : ":1080");
	/* Without its password it would be a mistake, and without the proxy a way not wanted. */
	if (at) {
		DROPPED(c, proxy.at,
			"proxy, because its password does not belong here: say proxy = \"%s\" and "
			"proxy-password-command, which prints it, and take out enabled = false",
			safe(buf_span(&out)).text);
		disable(c, proxy.at);
	} else {
		set(c, "proxy", proxy.at, out.data);
	}
	buf_release(&out);
}

/* 0: it is no port that is known here. */
static uint32_t port_of(const struct fdm_account *a)
{
	uint32_t number = 0;

	if (a->port.origin == FDM_ABSENT || strcmp(a->port.text, "pop3s") == 0 ||
		strcmp(a->port.text, "pop3") == 0)
		return a->port.origin == FDM_ABSENT ? (a->type == FDM_POP3S ? 995 : 110)
			: a->port.text[4]           ? 995
						    : 110;
	return parse_u32(span_of(a->port.text), UINT16_MAX, &number) ? number : 0;
}

static void convert_server(struct converter *c)
{
	enum { DAY_S = 86400 };
	const struct fdm_account *a = c->from;
	const struct fdm_options *o = &c->config->options;
	bool pipe = a->pipe.origin != FDM_ABSENT;

	set(c, "host", pipe ? a->at : a->server.at, c->to->seen_host);
	if (a->port.origin != FDM_ABSENT && !pipe)
		set_fresh(c, "port", a->port.at, xasprintf("%u", (unsigned)port_of(a)));
	set(c, "user", a->user.at, c->to->seen_user);
	if (pipe)
		set_fresh(c, "socket-command", a->pipe.at, import_command(a->known_pipe));
	convert_tls(c);
	if (o->proxy.origin != FDM_ABSENT && !pipe)
		convert_proxy(c);
	if (o->timeout.line)
		set_fresh(c, "timeout", o->timeout,
			xasprintf("%us", (unsigned)(o->timeout_s < DAY_S ? o->timeout_s : DAY_S)));
	if (a->no_uidl.line)
		DROPPED(c, a->no_uidl,
			"no-uidl, because UIDL is what tells new mail from old mail here");
}

static void convert_login(struct converter *c)
{
	struct fdm_text pass = c->from->pass;
	struct fdm_tags tags = {.world = c->config->lexer.world};
	struct buf replaced = {0};

	buf_reserve(&replaced, 2 * FDM_TEXT_MAX); /* no copies left behind */
	if (pass.origin == FDM_OUTPUT && is_one_line(pass.text)) {
		set_fresh(c, "password-command", pass.at, import_command(pass.text));
	} else if (pass.origin == FDM_PLAIN && pass.text[0] &&
		fdm_replace(&tags, pass.text, &replaced)) {
		c->to->password = xstrndup(replaced.data, replaced.len);
		c->to->password_line = pass.at.line;
	} else if (pass.origin != FDM_ABSENT) {
		DROPPED(c, pass.at,
			"pass, because it is put together by a command: set password-command");
	}
	buf_wipe(&replaced);
}

/* ---- delivery ---- */

/* ~/… where it is below the home folder; fresh. */
static char *tidy_path(struct converter *c, struct fdm_place at, const char *path)
{
	char *tidy = text_tilde(path, c->config->lexer.world->home);

	if (tidy[0] != '/' && tidy[0] != '~')
		CHANGED(c, at, "\"%s\" is looked for in the home folder", safe(span_of(tidy)).text);
	return tidy;
}

static bool is_of_other(const char *path)
{
	return path[0] == '~' && path[1] && path[1] != '/';
}

/* "cat >>PATH" for a shell. */
static char *append_command(const char *path)
{
	struct buf out = {0};

	buf_add_text(&out, "cat >>");
	if (path[0] == '~') {
		buf_add_text(&out, "~");
		path++;
	}
	buf_add_text(&out, "'");
	for (; *path; path++)
		if (*path == '\'')
			buf_add_text(&out, "'\\''");
		else
			buf_add(&out, path, 1);
	buf_add_text(&out, "'");
	return buf_detach(&out);
}

static void deliver_file(struct converter *c, const struct fdm_step *step, const char *text)
{
	char *path = tidy_path(c, step->argument.at, text);

	if (step->what == FDM_APPEND) {
		char *line = append_command(path), *command = import_command(line);

		CHANGED(c, step->at, "append is a command now; mbox:PATH would part the messages");
		set_fresh(c, "deliver", step->at, xasprintf("pipe:%s", command));
		free(command);
		free(line);
	} else {
		if (step->compress)
			CHANGED(c, step->at, "compress: new mail goes uncompressed into %s",
				safe(span_of(path)).text);
		set_fresh(c, "deliver", step->at,
			import_destination(step->what == FDM_MAILDIR ? "maildir:" : "mbox:", path));
	}
	free(path);
}

static void deliver_to(struct converter *c, const struct fdm_step *step)
{
	bool pipe = step->what == FDM_PIPE;
	struct fdm_tags tags = {c->config->lexer.world, c->from, pipe};
	struct buf text = {0};
	char *command;

	if (step->what == FDM_STDOUT) {
		set(c, "deliver", step->at, "-");
		return;
	}
	if (step->argument.origin != FDM_PLAIN || !fdm_replace(&tags, step->argument.text, &text)) {
		DROPPED(c, step->at,
			"the destination, because there are parts in it that differ between mails, "
			"or that a command prints: say where mail goes with deliver, and take out "
			"enabled = false");
		disable(c, step->at);
	} else if (!text.len || !is_one_line(text.data)) {
		DROPPED(c, step->at,
			"the destination, because it is not one line: say where mail goes with "
			"deliver, and take out enabled = false");
		disable(c, step->at);
	} else if (pipe) {
		command = import_command(text.data);
		set_fresh(c, "deliver", step->at, xasprintf("pipe:%s", command));
		free(command);
	} else if (is_of_other(text.data)) {
		DROPPED(c, step->at,
			"the destination, because it is in another's home: say where mail goes with "
			"deliver, and take out enabled = false");
		disable(c, step->at);
	} else {
		deliver_file(c, step, text.data);
	}
	buf_release(&text);
}

static void convert_delivery(struct converter *c, struct fdm_outcome *outcome)
{
	struct fdm_place unmatched = c->config->options.drops_unmatched;

	fdm_decide(c->config, c->from, c->to, outcome);
	if (outcome->deliver) {
		deliver_to(c, outcome->deliver);
		return;
	}
	if (outcome->drops)
		DROPPED(c, nowhere,
			"drop, because mail that was not delivered is never deleted: say where mail "
			"goes with deliver, and take out enabled = false");
	else
		DROPPED(c, nowhere,
			"the rules, because none says where all mail goes: say it with deliver, and "
			"take out enabled = false");
	disable(c, nowhere);
	if (unmatched.line)
		DROPPED(c, unmatched,
			"unmatched-mail drop, because mail that was not delivered is never deleted");
}

/* ---- what is fetched, and what stays ---- */

static char *size_text(uint64_t octets)
{
	unsigned shift = octets % (1 << 20) == 0 ? 20 : octets % (1 << 10) == 0 ? 10 : 0;

	return xasprintf("%llu%s", (unsigned long long)(octets >> shift),
		shift == 20     ? "M"
			: shift ? "k"
				: "");
}

static void convert_policy(struct converter *c, const struct fdm_outcome *outcome)
{
	const struct fdm_account *a = c->from;
	const struct fdm_options *o = &c->config->options;
	bool keeps = a->keep.line || outcome->keeps;

	set(c, "keep",
		a->keep.line    ? a->keep
			: keeps ? nowhere
				: outcome->may_keep,
		keeps || outcome->may_keep.line ? "true" : "false");
	if (!keeps && outcome->may_keep.line)
		CHANGED(c, outcome->may_keep,
			"this rule keeps some mail on the server; now all of it stays there, and keep = "
			"false deletes what was delivered");
	if (o->max_size.line)
		set_fresh(c, "max-size", o->max_size, size_text(o->max_size_octets));
	if (o->no_received.line)
		set(c, "received-header", o->no_received, "false");
	if (a->users.line)
		fdm_note(c->config, c->to, IMPORT_DROPPED, a->users,
			"the user, because mail is delivered as the user who runs ambil");
	if (a->old_only.line) {
		DROPPED(c, a->old_only,
			"old-only, because only new mail is fetched here: to fetch "
			"that, take out enabled = false");
		disable(c, a->old_only);
	} else if (!a->new_only.line && keeps) {
		CHANGED(c, a->at,
			"fdm fetches all mail each time without new-only; here only new mail is "
			"fetched, except with ambil fetch --all");
	}
	if (a->disabled.line)
		disable(c, a->disabled);
	c->to->seen_stays = !keeps || !outcome->deliver || !outcome->all_alike;
}

/* ---- whole accounts ---- */

/* With its early tags; NULL: it is not known, or has no place in ambil.conf. */
static const char *known(struct fdm_config *c, struct fdm_text text)
{
	struct fdm_tags tags = {.world = c->lexer.world};
	struct buf out = {0};
	bool done = text.origin == FDM_PLAIN && fdm_replace(&tags, text.text, &out) && out.len &&
		is_one_line(out.data);

	if (done)
		return fdm_keep(&c->lexer, buf_detach(&out));
	buf_release(&out);
	return NULL;
}

/* Where it is not said, fdm asks ~/.netrc. */
static const char *login_of(struct fdm_config *c, const struct fdm_account *a)
{
	const struct fdm_world *world = c->lexer.world;
	char *login = a->known_server ? world->login(world->context, a->known_server) : NULL;

	if (login && is_one_line(login))
		return fdm_keep(&c->lexer, login);
	free(login);
	return NULL;
}

static void resolve(struct fdm_config *c, struct fdm_account *a)
{
	a->known_server = known(c, a->server);
	a->known_user = a->user.origin == FDM_ABSENT ? login_of(c, a) : known(c, a->user);
	a->known_pipe = known(c, a->pipe);
	a->known_cache = known(c, a->cache);
}

/* Whether all is known that an account needs here. */
static bool is_complete(const struct fdm_account *a)
{
	return a->type != FDM_OTHER_TYPE && a->known_user &&
		(a->pipe.origin != FDM_ABSENT ? a->known_pipe != NULL
					      : a->known_server && port_of(a));
}

static void note_incomplete(struct converter *c, const char *name)
{
	const struct fdm_account *a = c->from;

	if (a->type == FDM_OTHER_TYPE)
		DROPPED(c, a->at, "account %s, because %s is no POP3 server", name, a->type_word);
	else if (a->user.origin == FDM_ABSENT && !a->known_user)
		DROPPED(c, a->at,
			"account %s, because it has no user, and ~/.netrc has none for its server",
			name);
	else if (!a->known_user)
		DROPPED(c, a->at,
			"account %s, because its user is not known without running a command",
			name);
	else if (a->pipe.origin != FDM_ABSENT)
		DROPPED(c, a->at, "account %s, because its pipe is no command of one line", name);
	else if (!a->known_server)
		DROPPED(c, a->at,
			"account %s, because its server is not known without running a command",
			name);
	else
		DROPPED(c, a->at, "account %s, because its port is not known", name);
}

/* One mailbox, and one cache: what the one has fetched the other does not. Fresh. */
static char *mailbox_of(const struct fdm_account *a)
{
	const char *host = a->known_server, *pipe = a->known_pipe, *cache = a->known_cache;
	char *way = xasprintf("%u\n%s\n%s\n%s\n%s", import_door(port_of(a)), pipe ? "|" : "",
		pipe ? pipe : "", cache ? "=" : "", cache ? cache : "");
	char *mailbox = import_mailbox(host ? host : "", way, a->known_user);

	free(way);
	return mailbox;
}

/* Of several accounts for one mailbox the one that is fetched without being named, else the first.
 */
static void count_mailboxes(struct fdm_config *c)
{
	for (size_t i = 0; i < c->n_accounts; i++) {
		const struct fdm_account *a = &c->accounts[i];
		char *mailbox = is_complete(a) ? mailbox_of(a) : NULL;
		size_t *other = mailbox ? import_index_find(&c->mailboxes, mailbox) : NULL;

		if (mailbox && !other)
			import_index_add(&c->mailboxes, mailbox, i);
		else if (other && c->accounts[*other].disabled.line && !a->disabled.line)
			*other = i;
		free(mailbox);
	}
}

/* NULL: the account is for a mailbox of its own, or for it before all others. */
static const struct fdm_account *find_twin(struct fdm_config *c, const struct fdm_account *a)
{
	char *mailbox = mailbox_of(a);
	const struct fdm_account *first = &c->accounts[*import_index_find(&c->mailboxes, mailbox)];

	free(mailbox);
	return first == a ? NULL : first;
}

static void convert(struct fdm_config *config, const struct fdm_account *a)
{
	struct converter c = {.config = config, .from = a};
	const struct fdm_account *twin = is_complete(a) ? find_twin(config, a) : NULL;
	struct safe name = safe(span_of(a->name.text));
	struct fdm_outcome outcome;

	if (!is_complete(a)) {
		note_incomplete(&c, name.text);
	} else if (twin) {
		DROPPED(&c, a->at, "account %s, because it is the mailbox of account %s", name.text,
			safe(span_of(twin->name.text)).text);
	} else {
		bool pipe = a->pipe.origin != FDM_ABSENT;

		c.to = imported_add(config->out, a->name.text, a->at.line);
		if (strcmp(a->at.file, config->main_file) != 0)
			c.to->file = xstrdup(a->at.file);
		c.to->seen_host = xstrdup(pipe ? "localhost" : a->known_server);
		c.to->seen_user = xstrdup(a->known_user);
		c.to->seen_path = a->known_cache ? xstrdup(a->known_cache) : NULL;
		convert_server(&c);
		convert_login(&c);
		convert_delivery(&c, &outcome);
		convert_policy(&c, &outcome);
		if (a->cache.origin != FDM_ABSENT && !c.to->seen_path)
			DROPPED(&c, a->cache.at,
				"cache, because its name has parts that differ between runs");
	}
}

/* The file that is there while fdm runs; empty: none. */
static void note_lock(struct fdm_config *c)
{
	const struct fdm_options *o = &c->options;
	const char *path = known(c, o->lock_file);

	if (o->allow_multiple.line || o->lock_file.origin != FDM_ABSENT)
		c->out->pid_file = xstrdup(path && !o->allow_multiple.line ? path : "");
}

bool fdm_read(struct span text, const char *shown, const struct fdm_world *world,
	struct imported *out, struct error *e)
{
	struct fdm_config c = {.out = out, .main_file = shown};
	bool done;

	*out = (struct imported){.n = 0};
	fdm_lexer_init(&c.lexer, text, shown, world, e);
	done = fdm_parse(&c);
	for (size_t i = 0; done && i < c.n_accounts; i++)
		resolve(&c, &c.accounts[i]);
	if (done)
		count_mailboxes(&c);
	if (done)
		note_lock(&c);
	for (size_t i = 0; done && i < c.n_accounts; i++)
		convert(&c, &c.accounts[i]);
	fdm_config_release(&c);
	if (!done)
		imported_release(out);
	return done;
}
