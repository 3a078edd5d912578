/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changing the configuration with an editor. It is split into words like every command here, and
 * runs without a shell. While it runs Ctrl-C is its own: the program waits and does not hear it.
 */
#include "verbs/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "config/conffile.h"
#include "config/config.h"
#include "config/places.h"

extern char **environ;

static const char *const template = N_(
	"# The accounts of ambil; \"man ambil.conf\" explains every setting.\n"
	"# Take the # away and fill in your own values.\n"
	"\n"
	"# deliver = \"maildir:~/Mail\"\n"
	"# keep    = true                 # mail stays on the server; false, or 14d\n"
	"\n"
	"# account home {\n"
	"#     host = pop.example.org\n"
	"#     user = anna\n"
	"#     password-command = \"pass mail/home\"\n"
	"# }\n");

/* The variable that names the editor; NULL for neither. */
static const char *editor_variable(void)
{
	static const char *const names[] = {"VISUAL", "EDITOR"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && value[strspn(value, " ")])
			return names[i];
	}
	return NULL;
}

static bool make_file(const char *path, const char *shown, struct error *e)
{
	const char *text;
	bool done;
	int err, fd;

	if (!conffile_make_folder(path, e))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(e, ERROR_CONFIG, errno, "cannot create %s", shown);
	text = _(template);
	done = file_write_all(fd, text, strlen(text));
	err = errno;
	close(fd);
	return done || error_sys(e, ERROR_CONFIG, err, "cannot write %s", shown);
}

/* Starts it with the signals as they were before this program changed them; an errno, or 0. */
static int spawn(char *const *argv, pid_t *pid)
{
	static const int numbers[] = {SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
	posix_spawnattr_t how;
	sigset_t usual;
	int err;

	sigemptyset(&usual);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&usual, numbers[i]);
	err = posix_spawnattr_init(&how);
	if (err)
		return err;
	posix_spawnattr_setsigdefault(&how, &usual);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
	err = posix_spawnp(pid, argv[0], NULL, &how, argv, environ);
	posix_spawnattr_destroy(&how);
	return err;
}

static int run_to_end(char *const *argv, int *status)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
	pid_t pid;
	int err;

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	err = spawn(argv, &pid);
	while (!err && waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	return err;
}

static bool open_editor(const char *path, struct error *e)
{
	const char *variable = editor_variable(), *command = variable ? getenv(variable) : "vi";
	char **argv = NULL, **whole;
	struct error inner = {0};
	int err, status = 0;
	size_t n = 0;
	bool done;

	if (!child_argv_split(command, &argv, &inner))
		return error_set(e, ERROR_CONFIG, "%s: %s", variable, inner.text);
	while (argv[n])
		n++;
	whole = xcalloc(n + 2, sizeof(*whole));
	memcpy(whole, argv, n * sizeof(*whole));
	whole[n] = xstrdup(path);
	err = run_to_end(whole, &status);
	done = !err && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (err) {
		error_sys(e, ERROR_CONFIG, err, "cannot start the editor \"%s\"",
			safe(span_of(argv[0])).text);
		error_remedy(e, "to use another", "EDITOR=nano ambil config edit");
	} else if (!done) {
		error_set(e, ERROR_CONFIG,
			WIFEXITED(status) ? N_("the editor \"%s\" exited %d")
					  : N_("the editor \"%s\" was ended by signal %d"),
			safe(span_of(argv[0])).text,
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	}
	free(whole[n]);
	free(whole);
	child_argv_free(argv);
	return done;
}

bool config_edit(const char *named, struct error *e)
{
	bool found, done;
	char *path = config_path(named, &found), *home = places_home();
	char *shown = text_tilde(path, home);

	done = (found || make_file(path, shown, e)) && open_editor(path, e);
	free(shown);
	free(home);
	free(path);
	return done;
}
