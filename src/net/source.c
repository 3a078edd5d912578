/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One address to connect from, or one of each family. getaddrinfo() knows zones (RFC 4007 s.11). */
#include "net/source.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "net/dial.h"

static bool add(struct source *s, const char *word, size_t len)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char text[sizeof(s->of[0].text)];
	int i;

	if (len >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)len, word);
	if (getaddrinfo(text, NULL, &hints, &found) != 0)
		return false;
	i = source_index(found->ai_family);
	if (s->of[i].len || found->ai_addrlen > sizeof(s->of[i].at)) {
		freeaddrinfo(found);
		return false;
	}
	memcpy(&s->of[i].at, found->ai_addr, found->ai_addrlen);
	s->of[i].len = found->ai_addrlen;
	snprintf(s->of[i].text, sizeof(s->of[i].text), "%s", text);
	freeaddrinfo(found);
	return true;
}

bool source_parse(const char *text, struct source *out)
{
	static const char between[] = " \t,";

	*out = (struct source){.any = !text || strcmp(text, "any") == 0};
	if (out->any)
		return true;
	for (text += strspn(text, between); *text; text += strspn(text, between)) {
		size_t len = strcspn(text, between);

		if (!add(out, text, len))
			return false;
		text += len;
	}
	return out->of[0].len || out->of[1].len;
}

bool dial_source_ok(const char *text)
{
	struct source ignored;

	return source_parse(text, &ignored);
}

bool dial_source_has(const char *text, enum ip_family ip)
{
	struct source s;

	return source_parse(text, &s) &&
		(ip == IP_ANY || source_allows(&s, ip == IP_4 ? AF_INET : AF_INET6));
}
