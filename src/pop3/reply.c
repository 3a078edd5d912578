/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines that servers send, read strictly where it matters and with tolerance where real servers
 * need it. The tolerances ("quirks") are numbered here, and nowhere else:
 *
 * 1. Status in lower case ("+ok", "-err"): RFC 1939 s.3 says upper case; harmless, so taken. A
 * status may stand alone ("+OK"), as popa3d greets.
 * 2. UIDs outside 1 to 70 octets of 0x21-0x7E (RFC 1939 s.7): Maildir file names with blanks, 8-bit
 * hashes and longer ones occur; any octets but CR and LF up to the line limit are taken as they
 * are. Empty is refused.
 * 3. Lines that end with LF alone: home-made servers. When the status line of a reply does, the
 * mail behind it is read with the same rule; a server that mixes the two gets the strict one.
 * 4. "EXPIRENEVER" in one word and other unknown capabilities (Mailutils): ignored.
 * 5. Text behind the size in LIST, and a missing blank line: allowed by RFC 1939 s.5 ("may have
 * more").
 * 6. Commands that stand behind a login in the same flight: Courier's next program and Cyrus' next
 * layer never see them, whatever was said of PIPELINING (RFC 2449 s.6.6). Dovecot, which says its
 * name in the greeting, reads on where it stopped.
 */
#include "pop3/reply.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"

/* Codes have levels, parted by slashes (RFC 2449 s.8): one may be more exact than what we know. */
static bool begins_with_code(struct span name, const char *code)
{
	size_t len = strlen(code);

	if (name.len > len && name.data[len] == '/')
		name.len = len;
	return span_is_nocase(name, code);
}

static enum pop3_code read_code(struct span text)
{
	static const struct {
		const char *name;
		enum pop3_code code;
	} codes[] = {
		{"IN-USE", POP3_CODE_IN_USE},
		{"LOGIN-DELAY", POP3_CODE_LOGIN_DELAY},
		{"SYS/TEMP", POP3_CODE_SYS_TEMP},
		{"SYS/PERM", POP3_CODE_SYS_PERM},
		{"AUTH", POP3_CODE_AUTH},
		{"UTF8", POP3_CODE_UTF8},
		/* RFC 3206 s.4: no fault of name and password, whatever stands behind it. */
		{"SYS", POP3_CODE_SYS_TEMP},
	};
	const char *close;
	struct span name;

	if (!text.len || text.data[0] != '[')
		return POP3_CODE_NONE;
	close = memchr(text.data, ']', text.len);
	if (!close)
		return POP3_CODE_NONE;
	name = (struct span){text.data + 1, (size_t)(close - text.data) - 1};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (begins_with_code(name, codes[i].name))
			return codes[i].code;
	return POP3_CODE_OTHER;
}

bool reply_status(struct span line, bool *ok, enum pop3_code *code, struct span *text)
{
	struct span rest = line, word = span_word(&rest);

	if (span_is_nocase(word, "+OK"))
		*ok = true;
	else if (span_is_nocase(word, "-ERR"))
		*ok = false;
	else
		return false;
	*text = span_trim(rest);
	*code = read_code(*text);
	return true;
}

bool reply_apop_stamp(struct span greeting, struct span *stamp)
{
	const char *open = greeting.len ? memchr(greeting.data, '<', greeting.len) : NULL, *close;
	size_t at = 0, len;

	if (!open)
		return false;
	close = memchr(open, '>', greeting.len - (size_t)(open - greeting.data));
	if (!close)
		return false;
	len = (size_t)(close - open) + 1;
	for (size_t i = 1; i + 1 < len; i++) {
		unsigned char c = (unsigned char)open[i];

		if (c <= 0x20 || c >= 0x7f || c == '<')
			return false;
		at += c == '@';
	}
	if (at != 1 || open[1] == '@' || close[-1] == '@')
		return false;
	*stamp = (struct span){open, len};
	return true;
}

bool reply_list(struct span line, uint32_t *msg, uint64_t *size)
{
	struct span rest = span_trim(line), number = span_word(&rest), octets = span_word(&rest);

	return parse_u32(number, UINT32_MAX, msg) && *msg > 0 && parse_u64(octets, INT64_MAX, size);
}

bool reply_uidl(struct span line, uint32_t *msg, struct span *uid)
{
	struct span rest = span_trim(line), number = span_word(&rest);

	if (!parse_u32(number, UINT32_MAX, msg) || *msg == 0 || rest.len == 0)
		return false;
	*uid = rest;
	return true;
}

static void add_mechanisms(struct capabilities *c, struct span names)
{
	size_t len = strlen(c->mechanisms);

	c->sasl = true;
	while (names.len) {
		struct span name = span_word(&names);

		/* A NUL would hide what stands behind it. */
		if (memchr(name.data, '\0', name.len))
			continue;
		if (len + name.len + 3 > sizeof(c->mechanisms))
			return;
		if (len == 0)
			c->mechanisms[len++] = ' ';
		for (size_t i = 0; i < name.len; i++) {
			char letter = name.data[i];

			c->mechanisms[len++] = letter >= 'a' && letter <= 'z'
				? (char)(letter - 'a' + 'A')
				: letter;
		}
		c->mechanisms[len++] = ' ';
		c->mechanisms[len] = '\0';
	}
}

static void add_expire(struct capabilities *c, struct span arguments)
{
	struct span days = span_word(&arguments);

	c->expires = true;
	if (span_is_nocase(days, "NEVER") || !parse_u32(days, UINT32_MAX - 1, &c->expire_days))
		c->expire_days = UINT32_MAX;
}

/* A number that is none, or past all sense, says nothing. */
static void add_login_delay(struct capabilities *c, struct span arguments)
{
	struct span seconds = span_word(&arguments);

	if (parse_u32(seconds, UINT32_MAX, &c->login_delay_s))
		c->login_delay_user = span_is_nocase(span_trim(arguments), "USER");
}

bool reply_passes_on(struct span greeting)
{
	struct span rest = greeting;

	while (rest.len)
		if (span_is_nocase(span_word(&rest), "Dovecot"))
			return true;
	return false;
}

void capabilities_add(struct capabilities *c, struct span line)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{"TOP", &c->top},
		{"USER", &c->user},
		{"UIDL", &c->uidl},
		{"RESP-CODES", &c->resp_codes},
		{"AUTH-RESP-CODE", &c->auth_resp_code},
		{"PIPELINING", &c->pipelining},
		{"STLS", &c->stls},
		{"UTF8", &c->utf8},
	};
	struct span rest = span_trim(line), name = span_word(&rest);

	c->known = true;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (span_is_nocase(name, flags[i].name))
			*flags[i].flag = true;
	if (span_is_nocase(name, "UTF8"))
		c->utf8_user = c->utf8_user || span_is_nocase(rest, "USER");
	else if (span_is_nocase(name, "SASL"))
		add_mechanisms(c, rest);
	else if (span_is_nocase(name, "EXPIRE"))
		add_expire(c, rest);
	else if (span_is_nocase(name, "LOGIN-DELAY"))
		add_login_delay(c, rest);
}

bool capabilities_has_mechanism(const struct capabilities *c, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = c->mechanisms; (p = strchr(p, ' ')); p++)
		if (strncasecmp(p + 1, name, len) == 0 && p[1 + len] == ' ')
			return true;
	return false;
}
