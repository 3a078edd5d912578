/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads --fault. A table gives for each fault how its specification begins and a letter for each
 * field behind that, parted by colons:
 *   v verb    k message number    s a number    o octets=N    m ms=M    t all the rest as text
 *   c optional count, 1 if missing    n optional number, every time if missing or empty
 *   O optional octets=N    r optional word "reset"    T optional text
 */
#include "fault.h"

#include <stdlib.h>
#include <string.h>

struct grammar {
	const char *start;
	enum fault_kind kind;
	const char *fields;
};

static const struct grammar grammars[] = {
	{"close:after=", FAULT_CLOSE_AFTER, "vc"},
	{"close:at=", FAULT_CLOSE_AT, "vc"},
	{"reset:after=", FAULT_RESET_AFTER, "vc"},
	{"reset:at=", FAULT_RESET_AT, "vc"},
	{"cut:retr=", FAULT_CUT, "kor"},
	{"silence:at=", FAULT_SILENCE, "vc"},
	{"drip:", FAULT_DRIP, "mO"},
	{"slow:", FAULT_SLOW, "m"},
	{"wait:", FAULT_WAIT, "vm"},
	{"err:", FAULT_ERR, "vnT"},
	{"reply:", FAULT_REPLY, "vnT"},
	{"greeting:", FAULT_GREETING, "t"},
	{"noquit", FAULT_NOQUIT_UNDONE, ""},
	{"noquit:undone", FAULT_NOQUIT_UNDONE, ""},
	{"noquit:done", FAULT_NOQUIT_DONE, ""},
	{"inject-after-stls:", FAULT_INJECT_AFTER_STLS, "t"},
	{"unstuffed-first-dot", FAULT_FIRST_DOT, ""},
	{"list-lie:", FAULT_LIST_LIE, "ks"},
	{"list-line:", FAULT_LIST_LINE, "kt"},
	{"uidl-missing:", FAULT_UIDL_MISSING, "k"},
	{"uidl-extra:", FAULT_UIDL_EXTRA, "k"},
	{"uidl-line:", FAULT_UIDL_LINE, "kt"},
	{"listing-endless:", FAULT_LISTING_ENDLESS, "v"},
	{"line-endless:", FAULT_LINE_ENDLESS, "v"},
	{"mail-endless:", FAULT_MAIL_ENDLESS, "k"},
	{"extra-before:", FAULT_EXTRA_BEFORE, "vt"},
	{"extra-after:", FAULT_EXTRA_AFTER, "vt"},
	{"lower-case", FAULT_LOWER_CASE, ""},
	{"bare-lf", FAULT_BARE_LF, ""},
	{"pipelining-broken:first", FAULT_PIPELINING_FIRST, ""},
	{"pipelining-broken:lost=", FAULT_PIPELINING_LOST, "s"},
	{"pipelining-broken:login", FAULT_PIPELINING_LOGIN, ""},
	{"vanish:", FAULT_VANISH, "kT"},
	{"in-use", FAULT_IN_USE, ""},
	{"login-delay", FAULT_LOGIN_DELAY, ""},
	{"hangup-login", FAULT_HANGUP_LOGIN, ""},
	{"reverse", FAULT_REVERSE, ""},
	{"no-close-notify", FAULT_NO_CLOSE_NOTIFY, ""},
	{"tls-close", FAULT_TLS_CLOSE, ""},
	{"hold-retr:", FAULT_HOLD_RETR, "k"},
	{"two-lines", FAULT_TWO_LINES, ""},
};

static bool starts(struct span s, const char *with)
{
	return s.len >= strlen(with) && memcmp(s.data, with, strlen(with)) == 0;
}

static void skip(struct span *s, size_t len)
{
	s->data += len;
	s->len -= len;
}

/* Takes one field off the front, with its colon. */
static struct span take_field(struct span *rest)
{
	const char *colon = rest->len ? memchr(rest->data, ':', rest->len) : NULL;
	struct span field = {rest->data, colon ? (size_t)(colon - rest->data) : rest->len};

	skip(rest, field.len + (colon ? 1 : 0));
	return field;
}

static bool number(struct span field, const char *label, uint64_t *out)
{
	if (!starts(field, label))
		return false;
	skip(&field, strlen(label));
	return parse_size(field.data, field.len, out);
}

static bool read_field(char letter, struct span *rest, struct fault *f, struct problem *p)
{
	struct span field;

	if (letter == 't' || letter == 'T') {
		field = *rest;
		rest->len = 0;
		return unescape(field.data, field.len, &f->text, p);
	}
	field = take_field(rest);
	if (!field.len && strchr("cnOr", letter))
		return true;
	switch (letter) {
	case 'v':
		f->verb = verb_named(field.data, field.len);
		return f->verb != VERBS;
	case 'c':
	case 'n':
	case 'k':
		return number(field, "", &f->n) && f->n > 0;
	case 's':
		return number(field, "", &f->size);
	case 'o':
	case 'O':
		return number(field, "octets=", &f->octets);
	case 'm':
		return number(field, "ms=", &f->ms);
	default:
		f->reset = field.len == 5 && starts(field, "reset");
		return f->reset;
	}
}

/* Takes "@3", "@3-" or "@3-5" off the end; without it all sessions are meant. */
static bool take_sessions(struct span *spec, struct fault *f)
{
	struct span first, last;
	size_t at = spec->len;
	const char *dash;

	f->session_first = 1;
	f->session_last = UINT64_MAX;
	while (at && strchr("0123456789-", spec->data[at - 1]))
		at--;
	if (!at || at == spec->len || spec->data[at - 1] != '@')
		return true;
	first = last = (struct span){spec->data + at, spec->len - at};
	spec->len = at - 1;
	dash = memchr(first.data, '-', first.len);
	if (dash) {
		first.len = (size_t)(dash - first.data);
		skip(&last, first.len + 1);
	}
	if (!parse_u64(first.data, first.len, UINT32_MAX, &f->session_first))
		return false;
	if (dash && !last.len)
		return true;
	return parse_u64(last.data, last.len, UINT32_MAX, &f->session_last)
		&& f->session_last >= f->session_first;
}

static const struct grammar *grammar_of(struct span spec)
{
	for (size_t i = 0; i < sizeof grammars / sizeof *grammars; i++) {
		const struct grammar *g = &grammars[i];
		if (starts(spec, g->start) && (*g->fields || spec.len == strlen(g->start)))
			return g;
	}
	return NULL;
}

static bool parse(const char *text, struct fault *f, struct problem *p)
{
	struct span spec = {text, strlen(text)};
	const struct grammar *g;

	if (!take_sessions(&spec, f))
		return problem_set(p, "--fault \"%s\": sessions are @N, @N- or @N-M", text);
	g = grammar_of(spec);
	if (!g)
		return problem_set(p, "--fault \"%s\": no such fault", text);
	f->kind = g->kind;
	skip(&spec, strlen(g->start));
	for (const char *letter = g->fields; *letter; letter++) {
		if (*letter == 'c')
			f->n = 1;
		p->text[0] = '\0';
		if (read_field(*letter, &spec, f, p))
			continue;
		if (p->text[0])
			return false;
		return problem_set(p, "--fault \"%s\": field %d behind \"%s\" is wrong", text,
			(int)(letter - g->fields) + 1, g->start);
	}
	if (spec.len)
		return problem_set(p, "--fault \"%s\": too many fields", text);
	return true;
}

bool script_add(struct script *s, const char *spec, struct problem *p)
{
	struct fault f = {0};

	if (!parse(spec, &f, p)) {
		text_release(&f.text);
		return false;
	}
	s->at = mem_grow(s->at, (s->count + 1) * sizeof *s->at);
	s->at[s->count++] = f;
	return true;
}

void script_release(struct script *s)
{
	for (size_t i = 0; i < s->count; i++)
		text_release(&s->at[i].text);
	free(s->at);
	*s = (struct script){0};
}

const struct fault *script_find(const struct script *s, uint32_t session, enum fault_kind kind,
	enum verb verb, uint64_t n)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct fault *f = &s->at[i];
		if (f->kind == kind && f->verb == verb && (!f->n || f->n == n)
		    && session >= f->session_first && session <= f->session_last)
			return f;
	}
	return NULL;
}
