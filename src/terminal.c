/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/screen.h"

bool terminal_is_stderr(void)
{
	return isatty(STDERR_FILENO) == 1;
}

bool terminal_is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || !term[0] || strcmp(term, "dumb") == 0;
}

/* auto, always, never. */
bool terminal_decide(const char *when, bool automatic)
{
	return strcmp(when, "auto") == 0 ? automatic : strcmp(when, "always") == 0;
}

static bool wants_color(const char *when, bool terminal)
{
	const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");

	if (force && force[0] && strcmp(force, "0") != 0)
		return terminal_decide(when, true);
	return terminal_decide(when, terminal && !terminal_is_dumb() && !(no && no[0]));
}

enum report_verbosity terminal_verbosity(const struct cli *cli)
{
	switch (cli->verbosity) {
	case CLI_QUIET:
		return REPORT_QUIET;
	case CLI_VERBOSE:
		return REPORT_VERBOSE;
	case CLI_DEBUG:
		return REPORT_DEBUG;
	case CLI_NORMAL:
		break;
	}
	return terminal_is_stderr() ? REPORT_SUMMARY : REPORT_ERRORS;
}

/* What was decided for the colours: on the command line, or (config not NULL) in the file. */
static const char *color_setting(const struct cli *cli, const struct config *config)
{
	const char *when = config && config->color ? config->color : "auto";

	for (size_t i = 0; i < cli->n_overrides; i++)
		if (strcmp(cli->overrides[i].setting, "color") == 0)
			when = cli->overrides[i].value;
	return when;
}

struct report_style terminal_style(const struct cli *cli, const struct config *config)
{
	return (struct report_style){
		.multi_line = terminal_is_stderr(),
		.color = wants_color(color_setting(cli, config), terminal_is_stderr()),
		.json = cli->json,
	};
}

/* Of the terminal that standard output is, unless COLUMNS says something else; 0 when it is none.
 */
size_t terminal_columns(void)
{
	return isatty(STDOUT_FILENO) == 1 ? screen_columns(STDOUT_FILENO) : 0;
}

/* How the lines of doctor look. */
void terminal_style_stdout(
	const struct cli *cli, const struct config *config, struct report_setting *setting)
{
	setting->columns = terminal_columns();
	setting->color_stdout = wants_color(color_setting(cli, config), setting->columns > 0);
	setting->screen = setting->columns && !terminal_is_dumb();
}
