/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_FDM_INNER_H
#define AMBIL_IMPORT_FDM_INNER_H

#include "import/fdm_lex.h"
#include "import/index.h"

/* Private to the reader of fdm's configuration: fdm_parse.c reads its statements into these,
 * fdm_rules.c says where an account's mail goes, fdm.c what its words mean here. All strings belong
 * to the lexer. */

/* A string as it stands in the file, its macros filled in. */
enum fdm_origin {
	FDM_ABSENT,
	FDM_PLAIN,
	FDM_OUTPUT, /* text is a command, and what it prints was meant */
	FDM_MIXED   /* text lacks what a command prints */
};
struct fdm_text {
	enum fdm_origin origin;
	const char *text;
	struct fdm_place at;
};

/* One thing that is done to a mail. */
enum fdm_do {
	FDM_DROP,
	FDM_KEEP,
	FDM_MAILDIR,
	FDM_MBOX,
	FDM_PIPE,
	FDM_APPEND,
	FDM_STDOUT,
	FDM_EXEC,
	FDM_WRITE,
	FDM_SMTP,
	FDM_IMAP,
	FDM_REWRITE,
	FDM_HEADERS, /* adds or removes some */
	FDM_NOTES,   /* tags and caches: matters to other rules alone */
	FDM_CALL     /* the named action */
};
struct fdm_step {
	enum fdm_do what;
	struct fdm_text argument; /* path, command, name */
	bool compress;            /* of an mbox */
	struct fdm_place at;
};
struct fdm_steps {
	struct fdm_step *list;
	size_t n;
};
struct fdm_action {
	const char *name;
	struct fdm_steps steps;
};

/* What a rule asks of a mail. */
enum fdm_asks { FDM_ALL, FDM_ACCOUNTS, FDM_MATCHED, FDM_UNMATCHED, FDM_CONTENT };
struct fdm_term {
	enum fdm_asks asks;
	bool either;           /* "or" stands before it, not "and" */
	bool invert;           /* "not" */
	const char **patterns; /* FDM_ACCOUNTS */
	size_t n_patterns;
};
struct fdm_rule {
	struct fdm_term *terms;
	size_t n_terms;
	struct fdm_steps steps;
	struct fdm_rule *inner; /* of a nest, which has no steps */
	size_t n_inner;
	bool nest;
	bool goes_on; /* "continue" */
	bool noted;   /* it was told that it is not taken over */
	struct fdm_place at;
};

enum fdm_type { FDM_POP3, FDM_POP3S, FDM_OTHER_TYPE };
struct fdm_account {
	struct fdm_text name;
	enum fdm_type type;
	const char *type_word; /* as in the file */
	struct fdm_text server, port, user, pass, pipe, cache;
	/* With their tags replaced; NULL: not there, or not known. */
	const char *known_server, *known_user, *known_pipe, *known_cache;
	struct fdm_place at;
	/* Each at the line where it stands, or at none (0). */
	struct fdm_place disabled, keep, users, old_only, new_only, no_apop, no_uidl, no_verify,
		starttls, insecure;
};

/* Of "set"; each at the line where it stands last. */
struct fdm_options {
	struct fdm_place max_size, timeout, verify, no_received, drops_unmatched, allow_multiple;
	uint64_t max_size_octets, timeout_s;
	struct fdm_text proxy, lock_file;
};

struct fdm_config {
	struct fdm_lexer lexer;
	struct fdm_options options;
	struct fdm_account *accounts;
	size_t n_accounts;
	struct import_index mailboxes; /* which account is for each */
	struct fdm_action *actions;
	size_t n_actions;
	struct fdm_rule rules; /* a nest of all */
	const char *main_file; /* as sentences call it */
	struct imported *out;  /* for notes about the file */
	bool noted;            /* it was told why some rules are not taken over */
};

/* Reads everything; false: the lexer's error is set. Release in any case. */
bool fdm_parse(struct fdm_config *c) MUST_CHECK;
void fdm_config_release(struct fdm_config *c);

/* Up to the end, or the } of a nest of rules; failures are the lexer's, also below. */
void fdm_take_statements(struct fdm_config *c, struct fdm_rule *nest, unsigned depth);
/* fdm_match.c: behind the words "action" and "match", which stood there. */
void fdm_take_action(struct fdm_config *c, struct fdm_place at);
void fdm_take_match(
	struct fdm_config *c, struct fdm_place at, struct fdm_rule *nest, unsigned depth);

/* fdm_words.c: strings, numbers with their units, and lists of them. */
bool fdm_at_text(struct fdm_lexer *l);
struct fdm_text fdm_take_text(struct fdm_lexer *l);
uint64_t fdm_take_number(struct fdm_lexer *l);
uint64_t fdm_take_size(struct fdm_lexer *l);
uint64_t fdm_take_time(struct fdm_lexer *l);
/* A text, or several in braces; NULL: they are passed over. */
void fdm_take_texts(
	struct fdm_lexer *l, void (*each)(void *context, struct fdm_text), void *context);
/* The name of an account or an action, with its tags replaced. */
struct fdm_text fdm_take_name(struct fdm_lexer *l);
/* A string or a number, as a string. */
void fdm_take_id(struct fdm_lexer *l, struct fdm_text *out);
/* Takes the word, and says where it stood; else *at stays. */
bool fdm_accept_at(struct fdm_lexer *l, const char *word, struct fdm_place *at);
void fdm_expect(struct fdm_lexer *l, const char *text);
/* Users to deliver as, which are passed over. */
bool fdm_accept_users(struct fdm_lexer *l, struct fdm_place *at);
void fdm_note_users(struct fdm_config *c, struct fdm_place at);

/*
 * %h, %[account] and such replaced. what: of the account's mail these are known, NULL for a tag
 * that differs between mails. False: such a one is in it.
 */
struct fdm_tags {
	const struct fdm_world *world;
	const struct fdm_account *account; /* NULL: while the file is read */
	bool in_command;                   /* a shell will read it */
};
bool fdm_replace(const struct fdm_tags *tags, const char *text, struct buf *out) MUST_CHECK;

/* What becomes of an account's mail. */
struct fdm_outcome {
	struct fdm_step *deliver;  /* NULL: it is not said without a look at it */
	bool keeps, drops;         /* by an action */
	bool all_alike;            /* no rule may have done something else to some mail */
	struct fdm_place may_keep; /* the rule that may keep some mail; no line: there is none */
};
/* Notes what is not taken over: about rules to the file, else to the account. */
void fdm_decide(struct fdm_config *c, const struct fdm_account *account,
	struct imported_account *to, struct fdm_outcome *outcome);

/* A note; in an included file with its name. */
void fdm_note(struct fdm_config *c, struct imported_account *to, enum imported_what what,
	struct fdm_place at, const char *fmt, ...) PRINTF_LIKE(5, 6);

#endif
