/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CRASH_STOPPER_H
#define CRASH_STOPPER_H

#include <pthread.h>

enum { FAILED_MAX = 40, STEP_TEXT = 400 };

/* What the processes of one run share, and what is told of it at its end. */
struct steps {
	pthread_mutex_t mutex;
	long count;       /* steps so far */
	long failed;      /* of them made to fail */
	int next_is_full; /* behind a short write */
	char texts[FAILED_MAX][STEP_TEXT]; /* "KIND PATH" of the first that failed */
};

/* In the process that starts a run: memory for it, and each time a fresh state of it. */
struct steps *stopper_prepare(void);
void stopper_reset(struct steps *s);
/* In a run, once its environment is set: from here on its steps count. */
void stopper_begin(struct steps *s);

#endif
