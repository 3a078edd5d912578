/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only file that knows libconfuse. It is handed a text of known good form from memory, never a
 * file: on one it cannot read it would end the process. All values are read as strings; the table
 * of settings knows their types.
 */
#include "config/values.h"

#include <confuse.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/settings.h"

/* The place for what include() names: no callback of libconfuse has an argument of ours. */
static const char included[] = "included files";

static int note_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	(void)opt;
	if (argc != 1)
		return CFG_FAIL;
	return cfg_setnstr(cfg, included, argv[0], cfg_size(cfg, included));
}

static void be_silent(cfg_t *cfg, const char *fmt, va_list ap)
{
	(void)cfg;
	(void)fmt;
	(void)ap;
}

static cfg_t *new_reader(void)
{
	cfg_opt_t in_account[SETTINGS_COUNT + 1], top[SETTINGS_COUNT + 4];
	cfg_t *cfg;

	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		in_account[i] = top[i] = (cfg_opt_t)CFG_STR(settings[i].name, NULL, CFGF_NODEFAULT);
	in_account[SETTINGS_COUNT] = (cfg_opt_t)CFG_END();
	top[SETTINGS_COUNT] = (cfg_opt_t)CFG_SEC("account", in_account, CFGF_MULTI | CFGF_TITLE);
	top[SETTINGS_COUNT + 1] = (cfg_opt_t)CFG_FUNC("include", note_include);
	top[SETTINGS_COUNT + 2] = (cfg_opt_t)CFG_STR_LIST(included, NULL, CFGF_NODEFAULT);
	top[SETTINGS_COUNT + 3] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(top, CFGF_NONE);
	if (!cfg)
		abort();
	cfg_set_error_function(cfg, be_silent);
	return cfg;
}

/* The value is wiped in libconfuse's memory: it may be a secret. */
static char *take_value(char *value)
{
	char *copy;

	if (!value)
		return NULL;
	copy = xstrdup(value);
	wipe(value, strlen(value));
	return copy;
}

static void take_values(const struct syntax *s, cfg_t *cfg, char **values)
{
	unsigned accounts = 0, includes = 0;
	cfg_t *section = NULL;

	for (size_t i = 0; i < s->n; i++) {
		const struct syntax_item *item = &s->items[i];

		if (item->kind == SYNTAX_ACCOUNT)
			section = cfg_getnsec(cfg, "account", accounts++);
		else if (item->skip)
			continue;
		else if (item->kind == SYNTAX_INCLUDE)
			values[i] = take_value(cfg_getnstr(cfg, included, includes++));
		else
			values[i] = take_value(cfg_getstr(
				item->account == SYNTAX_TOP ? cfg : section, item->name));
	}
}

static bool has_secret(const struct syntax *s)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t which = settings_find(s->items[i].name);

		if (which < SETTINGS_COUNT && setting_hides(&settings[which], s->items[i].raw))
			return true;
	}
	return false;
}

/*
 * Blank lines behind the text pass through the buffers of libconfuse and of stdio, which nobody
 * wipes, and drive out of them what is a secret. Each is filled with at most 8 KiB at a time, from
 * its start. Blanks in lines of some length are what libconfuse reads fastest: longer ones it moves
 * about, and each line end costs as much as a few blanks. Without a secret it would be a waste of
 * time.
 */
static void add_blanks(struct buf *text)
{
	enum { BLANKS = 17 * 1024, LINE = 256 };
	struct buf longer = {0};

	buf_reserve(&longer, text->len + BLANKS);
	buf_add(&longer, text->data, text->len);
	memset(longer.data + longer.len, ' ', BLANKS);
	for (size_t i = 0; i < BLANKS; i += LINE)
		longer.data[longer.len + i] = '\n';
	longer.len += BLANKS;
	longer.data[longer.len] = '\0';
	buf_wipe(text);
	*text = longer;
}

char **values_read(const struct syntax *s, unsigned *line)
{
	char **values = NULL;
	struct buf clean = {0};
	cfg_t *cfg = new_reader();

	syntax_clean(s, &clean);
	if (has_secret(s))
		add_blanks(&clean);
	if (cfg_parse_buf(cfg, clean.data) == CFG_SUCCESS) {
		values = xcalloc(s->n, sizeof(values[0]));
		take_values(s, cfg, values);
	} else {
		*line = cfg->line > 0 ? (unsigned)cfg->line : 1;
	}
	cfg_free(cfg);
	buf_wipe(&clean);
	return values;
}

void values_free(char **values, size_t n)
{
	for (size_t i = 0; values && i < n; i++)
		wipe_free(values[i]);
	free(values);
}

const char *values_library_version(void)
{
	return confuse_version;
}
