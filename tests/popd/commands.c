/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands of RFC 1939 behind login, but for those that send a message. */
#include "session.h"

#include <inttypes.h>

static uint64_t size_of(struct session *s, uint32_t n)
{
	const struct fault *lie = session_fault_on(s, FAULT_LIST_LIE, n);

	return lie ? lie->size : mailbox_size(s->user->box, s->mail.ids[n - 1]);
}

void command_stat(struct session *s, const char *args)
{
	uint64_t octets = 0;
	uint32_t count = 0;

	(void)args;
	for (uint32_t n = 1; n <= s->mail.count; n++)
		if (!s->mail.deleted[n - 1]) {
			count++;
			octets += mailbox_size(s->user->box, s->mail.ids[n - 1]);
		}
	session_reply(s, true, "%u %" PRIu64, count, octets);
}

static void list_size(struct session *s, uint32_t n)
{
	const struct fault *line = session_fault_on(s, FAULT_LIST_LINE, n);

	if (line)
		session_line(s, "%s", line->text.data ? line->text.data : "");
	else
		session_line(s, "%u %" PRIu64, n, size_of(s, n));
}

static void list_uid(struct session *s, uint32_t n)
{
	const struct fault *line = session_fault_on(s, FAULT_UIDL_LINE, n);
	char uid[UID_MAX];

	if (session_fault_on(s, FAULT_UIDL_MISSING, n))
		return;
	if (line) {
		session_raw(s, line->text.data, line->text.len);
		wire_put(&s->wire, "\r\n", 2);
		return;
	}
	mailbox_uid(s->user->box, s->mail.ids[n - 1], uid);
	session_line(s, "%u %s", n, uid);
}

static void list_all(struct session *s, void (*one)(struct session *s, uint32_t n))
{
	session_reply(s, true, "listing follows");
	for (uint32_t n = 1; n <= s->mail.count && !s->wire.dead; n++)
		if (!s->mail.deleted[n - 1])
			one(s, n);
}

void command_list(struct session *s, const char *args)
{
	uint32_t n;

	if (!*args) {
		list_all(s, list_size);
		session_line(s, ".");
	} else if (session_message(s, args, &n, NULL))
		session_reply(s, true, "%u %" PRIu64, n, size_of(s, n));
}

void command_uidl(struct session *s, const char *args)
{
	const struct script *script = &s->options->script;
	char uid[UID_MAX];
	uint32_t n;

	if (!*args) {
		list_all(s, list_uid);
		for (size_t i = 0; i < script->count; i++)
			if (session_fault_on(s, FAULT_UIDL_EXTRA, (uint32_t)script->at[i].n)
			    == &script->at[i])
				session_line(s, "%" PRIu64 " extra%" PRIu64, script->at[i].n,
					script->at[i].n);
		session_line(s, ".");
	} else if (session_message(s, args, &n, NULL)) {
		mailbox_uid(s->user->box, s->mail.ids[n - 1], uid);
		session_reply(s, true, "%u %s", n, uid);
	}
}

void command_dele(struct session *s, const char *args)
{
	uint32_t n;

	if (!session_message(s, args, &n, NULL))
		return;
	s->mail.deleted[n - 1] = true;
	s->stats.dele++;
	session_reply(s, true, "message %u deleted", n);
}

void command_noop(struct session *s, const char *args)
{
	(void)args;
	session_reply(s, true, "nothing done");
}

void command_rset(struct session *s, const char *args)
{
	(void)args;
	for (uint32_t i = 0; i < s->mail.count; i++)
		s->mail.deleted[i] = false;
	session_reply(s, true, "nothing is deleted");
}

void command_quit(struct session *s, const char *args)
{
	struct problem p;

	(void)args;
	s->over = true;
	if (session_fault(s, FAULT_NOQUIT_UNDONE))
		return;
	if (s->user && !mailbox_remove_deleted(s->user->box, &s->mail, &p)) {
		session_reply(s, false, "[SYS/TEMP] %s", p.text);
		return;
	}
	if (session_fault(s, FAULT_NOQUIT_DONE))
		return;
	s->stats.quit_answered = true;
	session_reply(s, true, "good-bye");
}
