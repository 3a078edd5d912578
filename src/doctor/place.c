/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where mail would go, and what would be told of it. */
#include "base/child.h"
#include "base/i18n.h"
#include "base/text.h"
#include "doctor/checkup.h"
#include "local/look.h"

static void tell_lock(struct checkup *c, const struct sink_look *look)
{
	const char *shown = c->account->destination.shown;

	if (look->lock_holder)
		check_remark(c, "lock", "%s is locked by process %lld now: a run would wait", shown,
			(long long)look->lock_holder);
	else if (look->lock_file)
		check_remark(c, "lock", "%s.lock is there now: a run would wait for it", shown);
	else if (!look->lock_file_can_be_made)
		check_remark(c, "lock",
			"no %s.lock can be made: programs that know no other lock are not kept out",
			shown);
}

static void tell_place(struct checkup *c, const struct sink_look *look)
{
	const struct destination *d = &c->account->destination;
	const char *what = d->kind == SINK_MAILDIR ? "Maildir" : "mbox";
	struct error e;
	char room[32];

	text_size(room, sizeof(room), look->free_octets);
	if (look->free_octets < SINK_ROOM_WANTED) {
		error_set(&e, ERROR_DELIVERY, "%s, %s: only %s free", d->shown, what, room);
		check_note(c, "destination", &e);
	} else {
		check_ok(c, "destination", NO_TIME,
			look->exists ? N_("%s, %s, %s free")
				     : N_("%s, %s that the first run makes, %s free"),
			d->shown, what, room);
	}
	if (d->kind == SINK_MBOX)
		tell_lock(c, look);
}

void check_destination(struct checkup *c)
{
	const struct destination *d = &c->account->destination;
	struct sink_look look;
	struct error e = {0};

	if (!sink_look(d, &look, &e)) {
		if (!e.remedy[0])
			error_remedy(&e, "it is set", "deliver in %s",
				config_origin(c->account, "deliver"));
		check_failed(c, "destination", &e);
	} else if (look.on_disk) {
		tell_place(c, &look);
	} else {
		check_ok(c, "destination", NO_TIME,
			d->kind == SINK_PIPE ? N_("%s, a command that is there") : "%s",
			safe(span_of(d->shown)).text);
	}
}

void check_on_new(struct checkup *c)
{
	struct error e = {.kind = ERROR_NONE};
	char **argv = NULL;

	if (!c->account->on_new)
		return;
	if (child_argv_split(c->account->on_new, &argv, &e) && !child_exists(argv[0]))
		error_set(&e, ERROR_CONFIG,
			"the command \"%s\" was not found or cannot be executed",
			safe(span_of(argv[0])).text);
	child_argv_free(argv);
	if (!e.kind) {
		check_ok(c, "on-new", NO_TIME, N_("%s, a command that is there"),
			safe(span_of(c->account->on_new)).text);
		return;
	}
	/* Mail comes without it. */
	error_remedy(&e, "it is set", "on-new in %s", config_origin(c->account, "on-new"));
	check_note(c, "on-new", &e);
}
