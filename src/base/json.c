/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON by SQLite, which is here anyway: each question is a statement on an empty database. */
#include "base/json.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { OCTETS_MAX = 1024 * 1024 };

struct json {
	sqlite3 *db;
	struct span text;
};

/* Asks what sql says about the text (?1) and path (?2); NULL when there is no answer. */
static sqlite3_stmt *ask(struct json *json, const char *sql, const char *path)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(json->db, sql, -1, &s, NULL) == SQLITE_OK &&
		sqlite3_bind_text(s, 1, json->text.data, (int)json->text.len, SQLITE_STATIC) ==
			SQLITE_OK &&
		sqlite3_bind_text(s, 2, path, -1, SQLITE_STATIC) == SQLITE_OK &&
		sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		return s;
	sqlite3_finalize(s);
	return NULL;
}

struct json *json_open(struct span text)
{
	struct json *json;
	sqlite3_stmt *s;

	/* SQLite would read no further than a NUL. */
	if (!text.len || text.len > OCTETS_MAX || memchr(text.data, '\0', text.len))
		return NULL;
	json = xcalloc(1, sizeof(*json));
	json->text = text;
	if (sqlite3_open(":memory:", &json->db) == SQLITE_OK) {
		s = ask(json, "SELECT 1 WHERE json_valid(?1) AND json_type(?1, ?2) = 'object'",
			"$");
		if (s) {
			sqlite3_finalize(s);
			return json;
		}
	}
	json_free(json);
	return NULL;
}

void json_free(struct json *json)
{
	if (!json)
		return;
	sqlite3_close(json->db);
	free(json);
}

char *json_text(struct json *json, const char *path)
{
	sqlite3_stmt *s = ask(json,
		"SELECT json_extract(?1, ?2) WHERE json_type(?1, ?2) "
		"IN ('text', 'integer', 'real')",
		path);
	const char *text;
	char *copy;

	if (!s)
		return NULL;
	text = (const char *)sqlite3_column_text(s, 0);
	copy = text ? xstrdup(text) : NULL;
	sqlite3_finalize(s);
	return copy;
}

bool json_time(struct json *json, const char *path, int64_t *seconds)
{
	/* Some write the zone as a word. */
	sqlite3_stmt *s = ask(json,
		"SELECT CAST(CASE WHEN v NOT GLOB '*[^0-9.]*' THEN v "
		"ELSE strftime('%s', replace(v, ' UTC', 'Z')) END AS INTEGER) "
		"FROM (SELECT CAST(json_extract(?1, ?2) AS TEXT) AS v "
		"WHERE json_type(?1, ?2) IN ('text', 'integer', 'real')) WHERE v != ''",
		path);

	if (!s)
		return false;
	*seconds = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return true;
}
