/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What both sides need is counted by reference, so that a caller whose time is up can go, and an
 * answer that comes too late is thrown away by the thread itself.
 */
#include "net/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* The last of the two to leave frees it. */
struct aside {
	pthread_mutex_t lock;
	unsigned users;
	bool done;
	int done_fd; /* the thread's end of a pipe; closing it wakes the waiting side */
	void (*run)(void *work);
	void (*drop)(void *work);
	void *work;
};

void aside_leave(struct aside *a)
{
	bool last;

	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	last = --a->users == 0;
	pthread_mutex_unlock(&a->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&a->lock);
	a->drop(a->work);
	free(a);
}

static void *thread_main(void *argument)
{
	struct aside *a = argument;

	a->run(a->work);
	pthread_mutex_lock(&a->lock);
	a->done = true;
	pthread_mutex_unlock(&a->lock);
	close(a->done_fd);
	aside_leave(a);
	return NULL;
}

/* Starts the thread with every signal blocked: they belong to the program's own threads. */
static int start_thread(struct aside *a)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, &attributes, thread_main, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return err;
}

struct aside *aside_start(void (*run)(void *work), void (*drop)(void *work), void *work,
	int *wake_fd, struct error *e)
{
	struct aside *a;
	int ends[2], err;

	if (pipe(ends) < 0) {
		error_sys(e, ERROR_INTERNAL, errno, "cannot make a pipe");
		drop(work);
		return NULL;
	}
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	a = xcalloc(1, sizeof(*a));
	pthread_mutex_init(&a->lock, NULL);
	a->users = 2;
	a->done_fd = ends[1];
	a->run = run;
	a->drop = drop;
	a->work = work;
	err = start_thread(a);
	if (err) {
		close(ends[0]);
		close(ends[1]);
		a->users = 1;
		aside_leave(a);
		error_sys(e, ERROR_INTERNAL, err, "cannot start a thread");
		return NULL;
	}
	*wake_fd = ends[0];
	return a;
}

void *aside_done(struct aside *a)
{
	bool done;

	pthread_mutex_lock(&a->lock);
	done = a->done;
	pthread_mutex_unlock(&a->lock);
	return done ? a->work : NULL;
}
