/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keyring's own process: the only file that knows GLib and libsecret, and it is not linked with
 * them but opens them when it runs. Nothing is freed that the end of the process frees.
 *
 * Only what is unlocked is read; libsecret's simple calls would try to unlock the rest, and then
 * wait for a window that nobody sees, or say that there is nothing.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libsecret/secret.h>

#include "auth/keyring_inner.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/mem.h"

/* All that is called of the libraries; the types are those of their headers. */
#define FUNCTIONS(X)                        \
	X(g_dbus_error_quark)               \
	X(g_error_free)                     \
	X(g_hash_table_insert)              \
	X(g_hash_table_new)                 \
	X(g_io_error_quark)                 \
	X(g_list_append)                    \
	X(g_str_equal)                      \
	X(g_str_hash)                       \
	X(secret_collection_for_alias_sync) \
	X(secret_collection_get_locked)     \
	X(secret_item_delete_sync)          \
	X(secret_item_get_locked)           \
	X(secret_item_get_modified)         \
	X(secret_item_get_schema_name)      \
	X(secret_item_get_secret)           \
	X(secret_item_load_secret_sync)     \
	X(secret_password_clearv_sync)      \
	X(secret_password_lookupv_sync)     \
	X(secret_password_storev_sync)      \
	X(secret_service_get_sync)          \
	X(secret_service_search_sync)       \
	X(secret_service_store_sync)        \
	X(secret_service_unlock_sync)       \
	X(secret_value_get)                 \
	X(secret_value_new)

#define MEMBER(name) __typeof__(name) *(name);
#define ENTRY(name) {#name, offsetof(struct library, name)},

struct library {
	FUNCTIONS(MEMBER)
};
static const struct {
	const char *name;
	size_t offset;
} functions[] = {FUNCTIONS(ENTRY)};

struct server {
	struct library lib;
	SecretService *service; /* NULL with a file */
	bool unlock;
	bool *declined; /* somebody was asked to unlock something, and has not: once is enough */
	int fd;
};

/* mpop's and msmtp's; the name is not looked at when searching. */
static const SecretSchema schema = {"de.marlam.mpop.password", SECRET_SCHEMA_DONT_MATCH_NAME,
	{{"host", SECRET_SCHEMA_ATTRIBUTE_STRING}, {"service", SECRET_SCHEMA_ATTRIBUTE_STRING},
		{"user", SECRET_SCHEMA_ATTRIBUTE_STRING}, {NULL, SECRET_SCHEMA_ATTRIBUTE_STRING}},
	0, NULL, NULL, NULL, NULL, NULL, NULL, NULL};

/* The forms of entries that are found, by the names of their attributes. The first is stored. */
static const struct {
	const char *host, *user, *fixed, *value;
} forms[] = {
	{"host", "user", "service", "pop3"},
	{"server", "user", "protocol", "pop3"},
	{"service", "username", NULL, NULL},
};
enum { FORMS = sizeof(forms) / sizeof(forms[0]), FORGET_MAX = 100 };

/* Both ends are the same program. */
static void answer(const struct server *s, const struct keyring_answer *a, const char *password)
{
	struct keyring_answer whole;

	memset(&whole, 0, sizeof(whole));
	whole.state = a->state;
	whole.unlocking = a->unlocking;
	whole.forgotten = a->forgotten;
	whole.password_len = a->password_len;
	snprintf(whole.words, sizeof(whole.words), "%s", a->words);
	if (!file_write_all(s->fd, &whole, sizeof(whole)) ||
		(a->password_len && !file_write_all(s->fd, password, a->password_len)))
		_Exit(1);
}

static void answer_unlocking(const struct server *s)
{
	answer(s, &(struct keyring_answer){.unlocking = true}, NULL);
}

static bool load(struct server *s, char *words, size_t room)
{
	void *handle = dlopen("libsecret-1.so.0", RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		snprintf(words, room, "%s", _("libsecret-1.so.0 is not installed"));
		return false;
	}
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		/* A symbol of a library that it needs is found through it, too. */
		void *symbol = dlsym(handle, functions[i].name);

		if (!symbol) {
			snprintf(words, room, _("libsecret has no %s"), functions[i].name);
			return false;
		}
		memcpy((char *)&s->lib + functions[i].offset, &symbol, sizeof(symbol));
	}
	return true;
}

/* Without the name that D-Bus has for it: "GDBus.Error:org.example.Name: words". */
static const char *words_of(const GError *error)
{
	static const char remote[] = "GDBus.Error:";
	const char *words = error->message;
	size_t len = sizeof(remote) - 1;

	if (strncmp(words, remote, len) == 0 && strstr(words + len, ": "))
		words = strstr(words + len, ": ") + 2;
	return words;
}

/* Nothing that serves keyrings, or a keyring that is there and fails; takes the error. */
static void explain(
	const struct server *s, bool connecting, GError *error, struct keyring_answer *a)
{
	a->state = KEYRING_FAILED;
	if (!error)
		return;
	if (error->domain == s->lib.g_dbus_error_quark())
		switch (error->code) {
		case G_DBUS_ERROR_SERVICE_UNKNOWN:
		case G_DBUS_ERROR_NAME_HAS_NO_OWNER:
		case G_DBUS_ERROR_NO_SERVER:
		case G_DBUS_ERROR_FILE_NOT_FOUND:
		case G_DBUS_ERROR_SPAWN_EXEC_FAILED:
		case G_DBUS_ERROR_SPAWN_CHILD_EXITED:
		case G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND:
			a->state = KEYRING_ABSENT;
			break;
		default:
			break;
		}
	else if (connecting && error->domain == s->lib.g_io_error_quark() &&
		error->code != G_IO_ERROR_TIMED_OUT)
		a->state = KEYRING_ABSENT;
	if (a->state == KEYRING_ABSENT)
		snprintf(a->words, sizeof(a->words), "%s",
			error->domain == s->lib.g_io_error_quark()
				? _("no D-Bus session is running")
				: _("nothing in the D-Bus session offers one"));
	else
		snprintf(a->words, sizeof(a->words), "%s", words_of(error));
	s->lib.g_error_free(error);
}

static GHashTable *attributes_of(
	const struct server *s, size_t form, const struct keyring_entry *entry)
{
	const struct library *l = &s->lib;
	GHashTable *table = l->g_hash_table_new(l->g_str_hash, l->g_str_equal);

	l->g_hash_table_insert(
		table, (gpointer)(size_t)forms[form].host, (gpointer)(size_t)entry->host);
	l->g_hash_table_insert(
		table, (gpointer)(size_t)forms[form].user, (gpointer)(size_t)entry->user);
	if (forms[form].fixed)
		l->g_hash_table_insert(table, (gpointer)(size_t)forms[form].fixed,
			(gpointer)(size_t)forms[form].value);
	return table;
}

static void answer_password(
	const struct server *s, const char *password, size_t len, struct keyring_answer *a)
{
	a->state = KEYRING_DONE;
	a->password_len = len;
	if (len > KEYRING_PASSWORD_MAX || (len && memchr(password, '\0', len))) {
		*a = (struct keyring_answer){.state = KEYRING_FAILED};
		snprintf(a->words, sizeof(a->words), "%s", _("what it holds is no password"));
	}
	answer(s, a, password);
}

/* ---- a file ---- */

static void file_look_up(const struct server *s, const struct keyring_entry *entry)
{
	struct keyring_answer a = {.state = KEYRING_NOTHING};

	for (size_t form = 0; form < FORMS; form++) {
		GError *error = NULL;
		char *password = s->lib.secret_password_lookupv_sync(
			NULL, attributes_of(s, form, entry), NULL, &error);

		if (password) {
			answer_password(s, password, strlen(password), &a);
			return;
		}
		if (error) {
			explain(s, true, error, &a);
			break;
		}
	}
	answer(s, &a, NULL);
}

static void file_clear(const struct server *s, size_t form, const struct keyring_entry *entry,
	struct keyring_answer *a)
{
	GError *error = NULL;

	for (int i = 0; i < FORGET_MAX; i++) {
		if (!s->lib.secret_password_clearv_sync(
			    NULL, attributes_of(s, form, entry), NULL, &error))
			break;
		a->forgotten++;
	}
	if (error)
		explain(s, false, error, a);
}

static void store_label(char *label, size_t room, const struct keyring_entry *entry)
{
	snprintf(label, room, "POP3 %s at %s", entry->user, entry->host);
}

static void file_store(const struct server *s, const struct keyring_entry *entry)
{
	struct keyring_answer a = {.state = KEYRING_DONE};
	GError *error = NULL;
	char label[300];

	store_label(label, sizeof(label), entry);
	file_clear(s, 0, entry, &a);
	if (a.state == KEYRING_DONE &&
		!s->lib.secret_password_storev_sync(&schema, attributes_of(s, 0, entry),
			SECRET_COLLECTION_DEFAULT, label, entry->password, NULL, &error))
		explain(s, false, error, &a);
	answer(s, &a, NULL);
}

static void file_serve(
	const struct server *s, enum keyring_job job, const struct keyring_entry *entry)
{
	struct keyring_answer a = {.state = KEYRING_DONE};

	switch (job) {
	case KEYRING_LOOK_UP:
		file_look_up(s, entry);
		return;
	case KEYRING_STORE:
		file_store(s, entry);
		return;
	case KEYRING_FORGET:
		for (size_t form = 0; form < FORMS && a.state == KEYRING_DONE; form++)
			file_clear(s, form, entry, &a);
		break;
	case KEYRING_READY:
		break;
	}
	answer(s, &a, NULL);
}

/* ---- a service ---- */

/* The entries of one form, locked or not; false with *a set. */
static bool search(const struct server *s, size_t form, const struct keyring_entry *entry,
	GList **found, struct keyring_answer *a)
{
	GError *error = NULL;

	*found = s->lib.secret_service_search_sync(
		s->service, NULL, attributes_of(s, form, entry), SECRET_SEARCH_ALL, NULL, &error);
	if (!error)
		return true;
	explain(s, false, error, a);
	return false;
}

/* Asks the user, who is given time. object: an item or a collection. */
static bool unlock(const struct server *s, gpointer object)
{
	GError *error = NULL;

	if (!s->unlock || *s->declined)
		return false;
	answer_unlocking(s);
	*s->declined = s->lib.secret_service_unlock_sync(s->service,
			       s->lib.g_list_append(NULL, object), NULL, NULL, &error) <= 0;
	return !*s->declined;
}

/* The one that was changed last: an older one may be left over from another program. */
static SecretItem *newest(const struct server *s, GList *list, bool locked)
{
	SecretItem *best = NULL;

	for (; list; list = list->next)
		if ((bool)s->lib.secret_item_get_locked(list->data) == locked &&
			(!best ||
				s->lib.secret_item_get_modified(list->data) >
					s->lib.secret_item_get_modified(best)))
			best = list->data;
	return best;
}

static void answer_item(const struct server *s, SecretItem *item, struct keyring_answer *a)
{
	GError *error = NULL;
	SecretValue *value = NULL;
	const char *password;
	gsize len = 0;

	if (s->lib.secret_item_load_secret_sync(item, NULL, &error))
		value = s->lib.secret_item_get_secret(item);
	if (value) {
		password = s->lib.secret_value_get(value, &len);
		answer_password(s, password, len, a);
		return;
	}
	explain(s, false, error, a);
	answer(s, a, NULL);
}

static void look_up(const struct server *s, const struct keyring_entry *entry)
{
	struct keyring_answer a = {.state = KEYRING_NOTHING};
	SecretItem *item = NULL, *locked = NULL;

	for (size_t form = 0; form < FORMS && !item; form++) {
		GList *found;

		if (!search(s, form, entry, &found, &a)) {
			answer(s, &a, NULL);
			return;
		}
		item = newest(s, found, false);
		locked = locked ? locked : newest(s, found, true);
	}
	if (!item && locked && unlock(s, locked))
		item = locked;
	if (item) {
		answer_item(s, item, &a);
		return;
	}
	if (locked)
		a.state = KEYRING_LOCKED;
	answer(s, &a, NULL);
}

/* Whether a password can be put there; else *a says why not. */
static bool is_ready(const struct server *s, struct keyring_answer *a)
{
	GError *error = NULL;
	SecretCollection *place = s->lib.secret_collection_for_alias_sync(
		s->service, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE, NULL, &error);

	if (error) {
		explain(s, false, error, a);
	} else if (!place && !s->unlock) {
		a->state = KEYRING_FAILED;
		snprintf(a->words, sizeof(a->words), "%s", _("it has no default keyring yet"));
	} else if (place && s->lib.secret_collection_get_locked(place) && !unlock(s, place)) {
		a->state = KEYRING_LOCKED;
	} else {
		/* To store something makes it, for which the user is asked. */
		if (!place)
			answer_unlocking(s);
		return true;
	}
	return false;
}

/* Another program's entry with the same attributes would hide or contradict the new one. */
static void remove_others(const struct server *s, const struct keyring_entry *entry)
{
	struct keyring_answer ignored = {.state = KEYRING_DONE};
	GList *found;

	if (!search(s, 0, entry, &found, &ignored))
		return;
	for (; found; found = found->next) {
		const char *name = s->lib.secret_item_get_schema_name(found->data);

		if ((!name || strcmp(name, schema.name) != 0) &&
			!s->lib.secret_item_get_locked(found->data))
			s->lib.secret_item_delete_sync(found->data, NULL, NULL);
	}
}

static void store(const struct server *s, const struct keyring_entry *entry)
{
	struct keyring_answer a = {.state = KEYRING_DONE};
	GError *error = NULL;
	char label[300];

	store_label(label, sizeof(label), entry);
	if (is_ready(s, &a)) {
		SecretValue *value = s->lib.secret_value_new(entry->password, -1, "text/plain");

		if (s->lib.secret_service_store_sync(s->service, &schema,
			    attributes_of(s, 0, entry), SECRET_COLLECTION_DEFAULT, label, value,
			    NULL, &error))
			remove_others(s, entry);
		else
			explain(s, false, error, &a);
	}
	answer(s, &a, NULL);
}

static void forget(const struct server *s, const struct keyring_entry *entry)
{
	struct keyring_answer a = {.state = KEYRING_DONE};
	bool locked = false;
	GList *found;

	for (size_t form = 0; form < FORMS && a.state == KEYRING_DONE; form++) {
		if (!search(s, form, entry, &found, &a))
			break;
		for (; found && a.state == KEYRING_DONE; found = found->next) {
			GError *error = NULL;

			if (s->lib.secret_item_get_locked(found->data) && !unlock(s, found->data))
				locked = true;
			else if (s->lib.secret_item_delete_sync(found->data, NULL, &error))
				a.forgotten++;
			else
				explain(s, false, error, &a);
		}
	}
	if (locked && a.state == KEYRING_DONE)
		a.state = KEYRING_LOCKED;
	answer(s, &a, NULL);
}

static void serve(const struct server *s, enum keyring_job job, const struct keyring_entry *entry)
{
	struct keyring_answer a = {.state = KEYRING_DONE};

	switch (job) {
	case KEYRING_LOOK_UP:
		look_up(s, entry);
		break;
	case KEYRING_STORE:
		store(s, entry);
		break;
	case KEYRING_FORGET:
		forget(s, entry);
		break;
	case KEYRING_READY:
		is_ready(s, &a);
		answer(s, &a, NULL);
		break;
	}
}

void keyring_serve(enum keyring_job job, const struct keyring_entry *entries, size_t n, bool unlock,
	bool file, int fd)
{
	bool declined = false, there;
	struct server s = {.unlock = unlock, .declined = &declined, .fd = fd};
	struct keyring_answer none = {.state = KEYRING_ABSENT};
	GError *error = NULL;

	/* Files need no help from the desktop, which would be loaded. */
	setenv("GIO_USE_VFS", "local", 1);
	there = load(&s, none.words, sizeof(none.words));
	if (there && !file) {
		s.service = s.lib.secret_service_get_sync(SECRET_SERVICE_NONE, NULL, &error);
		there = s.service != NULL;
		if (!there)
			explain(&s, true, error, &none);
	}
	for (size_t i = 0; i < n; i++)
		if (!there)
			answer(&s, &none, NULL);
		else if (file)
			file_serve(&s, job, &entries[i]);
		else
			serve(&s, job, &entries[i]);
}
