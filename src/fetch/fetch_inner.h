/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_FETCH_INNER_H
#define AMBIL_FETCH_INNER_H

#include "fetch/fetch.h"
#include "fetch/guard.h"
#include "fetch/listing.h"
#include "fetch/recall.h"
#include "fetch/retrieve.h"
#include "fetch/unchanged.h"
#include "session/session.h"

/* The inside of one account's run, for the files of this room that tell its story: fetch.c first,
 * then visit.c (a session). */

/* A mail that broke a session of this run: the next sessions leave it alone. */
struct set_aside {
	char *uid;
	size_t uid_len;
	uint32_t occurrence;
};
/* What is remembered of the server; sizes and counted are kept in struct fetch. */
struct known {
	char pipelining[300]; /* "works PLACE", "broken SINCE", "doubted", or "" */
	struct recalled server;
	char capabilities[2400]; /* what CAPA said, a line each; "": not known */
	bool asks;               /* it does not do to rely on that, … */
	bool doubted;            /* … or not in this run, … */
	bool unanswered;         /* … in which that went wrong */
	bool asks_capa;          /* though it has once ended the connection */
	bool unbinds; /* the login, since the server ended the connection on a bound one */
};

struct fetch {
	const struct account *account;
	const struct run_order *order;
	struct secret *password;
	int report_fd;
	int lock_fd;
	int64_t until_ms; /* the deadline, by clock_ms(); 0: none */
	char *mark;       /* account and state file: whose leftovers may be swept */
	struct sink *sink;
	struct store *store;
	struct tls_memory *tls; /* what one session leaves for the next */
	struct report_counts counts;
	struct set_aside *aside;
	size_t aside_n;
	struct set_aside suspect;   /* to be fetched alone next; uid NULL: none */
	enum proof_sizes sizes;     /* what LIST's sizes are worth */
	uint64_t wanted;            /* mails to fetch, by the first session's plan */
	struct error first_failure; /* of one mail, over all sessions */
	struct known known;         /* of the server, from the runs before */
	struct guard guard;         /* what is known of logins */
	bool surveyed;              /* a session of this run has seen what there is */
	bool token_renewed;         /* after a refusal, once in a run */
	bool in_step;   /* a session of this run lost its step: go on without pipelining */
	bool blamed;    /* a mail of this run broke its session, not the pipelining */
	bool counted;   /* LIST, which also tells of mail that UIDL leaves out, was asked … */
	bool count_due; /* … but not for a day */
	bool verified;  /* all answers of a pipelined session were where they belong */
	unsigned header_failures; /* sessions of this run that broke while headers were asked for */
	uint32_t listed_down_to;  /* list: the last message that was shown, in this run; 0: none was
				   */
	bool headers_missed;      /* list: it was said that they do not come */
	/* Of the session at hand. */
	struct session_setting session_setting;
	struct session *session;
	struct seen_set *seen;
	size_t seen_n;
	bool other_host; /* than the one the state is from; or another port of it */
	bool host_is_noted;
	struct unchanged unchanged;
	bool calm;           /* mail that comes later is new, whatever it looks like */
	bool moved_recently; /* mail was found under new names not long ago */
	int64_t planned_s;
	struct listing listing;
	struct plan plan;
};

/* known.c. ERROR_STORE; what is noted and cannot be written is found out anew by the next run. */
bool known_read(struct fetch *f, struct error *e) MUST_CHECK;
bool known_pipelining_works(const struct fetch *f);
bool known_pipelining_is_broken(const struct fetch *f);
/* How LIST counts, so that it is found out once. */
void known_note_sizes(struct fetch *f, enum proof_sizes sizes);
/* At the end of a session that did all it should. */
void known_judge_pipelining(struct fetch *f);
void known_note_capabilities(struct fetch *f);
/* The step was lost, and this run cannot try in step. */
void known_doubt_pipelining(struct fetch *f);
/* LIST was asked for: from the first run on it is every day, whoever watches. ERROR_STORE. */
bool known_note_counted(struct fetch *f, struct error *e) MUST_CHECK;
/* What logged in. */
void known_note_login(struct fetch *f);
/* Whether a login may have failed because of what was relied on: then the run does so no more. */
bool known_doubt(struct fetch *f, const struct session_lesson *lesson);
/* Whether the listing may have failed because it was asked for before the login was answered. */
bool known_doubt_listing(struct fetch *f, const struct error *e);
/* All went well up to the listing: when it was without that, it was that. */
void known_settle(struct fetch *f);
void known_note_capa_ends(struct fetch *f);
/* Whether a login may be missing only since CAPA is left out: then the run does so no more. */
bool known_doubt_capa_ends(
	struct fetch *f, const struct session_lesson *lesson, const struct error *e);
void known_note_two_lines(struct fetch *f);
void known_note_utf8(struct fetch *f);
void known_note_unbound(struct fetch *f);

bool set_aside_is(const struct set_aside *aside, const struct store_key *key);
/* check, list and --dry-run: no lock, no destination, nothing written. */
bool fetch_only_looks(const struct fetch *f);
/* The error of a run that was asked to stop. */
bool fetch_interrupted(const struct fetch *f, struct error *e);
/*
 * After the server's refusal of the token: gets a newer one, once in a run. False without one; then
 * the error says more.
 */
bool fetch_renew_token(struct fetch *f, struct error *e) MUST_CHECK;
/* Adds "; 12 of 40 fetched, 28 stay on the server". */
void fetch_tell_rest(const struct fetch *f, struct error *e);

/* The commands that a session sends behind its login, and how many of them. */
extern const struct pop3_command survey_commands[2];
size_t survey_command_count(const struct fetch *f);
/*
 * Reads the listing those commands ask for, matches it with the state, and plans: fills listing,
 * seen and plan. Says once what the user should know of the server (no UIDL, EXPIRE). again: as of
 * visit().
 */
bool survey(struct fetch *f, bool *again, struct error *e) MUST_CHECK;
/* The next event of the session; a stop request is an error. */
bool survey_event(struct fetch *f, struct pop3_event *ev, struct error *e) MUST_CHECK;
/* LIST; a server that refuses it leaves the sizes unknown. */
bool survey_sizes_if_any(struct fetch *f, struct error *e) MUST_CHECK;

/*
 * survey_tell.c: what is said once, and again when it changes. ERROR_STORE. Without UIDL mail that
 * stays cannot be told from new mail: ERROR_CAPABILITY unless the account deletes all it fetches.
 */
bool survey_live_without_uids(struct fetch *f, struct error *e) MUST_CHECK;
bool survey_warn_without_uid(struct fetch *f, struct error *e) MUST_CHECK;
/* What was due to be deleted and stays, since nobody can tell whether it is what was delivered. */
bool survey_warn_of_doubt(struct fetch *f, struct error *e) MUST_CHECK;
/* That the server deletes mail sooner than the account wants. */
bool survey_compare_expire(struct fetch *f, struct error *e) MUST_CHECK;

/*
 * After listing_match(): known mail that the server lists under other UIDs gets its rows back, in
 * the state (adopted: load and match it again). ERROR_CONFIG when so much that is new may be known
 * mail that the user has to say. again: as of visit().
 */
bool moved_mail(struct fetch *f, const bool *present, int64_t now_s, bool *adopted, bool *again,
	struct error *e) MUST_CHECK;

/*
 * After that: gives listed mails whose UID alone does not say which mail it is their identity,
 * where something hangs on it. again: as of visit().
 */
bool identify(struct fetch *f, int64_t now_s, bool *again, struct error *e) MUST_CHECK;

/*
 * One session: connect, log in, survey, carry out the order, QUIT, and note in the state what it
 * did. again: it broke on the way, but what broke it is set aside or mail has come, so that another
 * one will get further; or a mail is to be fetched alone, or has been.
 */
bool visit(struct fetch *f, bool *again, struct error *e) MUST_CHECK;
/* RUN_LIST, after the survey: reports every message, the newest first, with what its header says.
 * again: as of visit(). */
bool list_messages(struct fetch *f, bool *again, struct error *e) MUST_CHECK;
/* Looks at the server without a login, and reports its certificate. */
bool trial_look(struct fetch *f, struct error *e) MUST_CHECK;
/* Logs in with f->password, reports what is there, and ends the session. */
bool trial(struct fetch *f, struct error *e) MUST_CHECK;

/* No further session of this run can be: what the next run has to know, to get further than this
 * one.
 */
void visit_put_off(struct fetch *f);

/*
 * Whether the run may log in. Waits a little where that is enough. ERROR_BUSY: too early for the
 * server (LOGIN-DELAY); ERROR_AUTH: the account is paused, since its logins were refused. Neither
 * is said again off a terminal (counts.said). ERROR_STORE, ERROR_INTERRUPTED.
 */
bool manners_allow(struct fetch *f, struct error *e) MUST_CHECK;
/* The same before a further session of the run, which waits longer; what that session was to do is
 * put off when it cannot be. */
bool manners_allow_again(struct fetch *f, struct error *e) MUST_CHECK;
/* The session's login was taken. */
void manners_logged_in(struct fetch *f);
/* A session could not be opened; *e, which may get better words, says why. */
void manners_refused(struct fetch *f, const struct session_lesson *lesson, struct error *e);

#endif
