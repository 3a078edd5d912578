/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/expire.h"

#include <stdlib.h>

#include "config/settings.h"

bool expire_contradicts(const char *host, const struct capabilities *c, const struct policy *policy,
	struct error *w)
{
	char *kept;

	if (!c->expires || c->expire_days == UINT32_MAX || policy->keep == KEEP_NOT)
		return false;
	if (policy->keep == KEEP_FOR && policy->keep_s <= (int64_t)c->expire_days * 86400)
		return false;
	kept = setting_show_keep(policy);
	if (c->expire_days == 0)
		error_set(w, ERROR_CAPABILITY,
			"%s says that mail may not stay there once it was fetched (EXPIRE 0), but keep = %s",
			host, kept);
	else
		error_set(w, ERROR_CAPABILITY,
			"%s deletes mail by itself after %lu days (EXPIRE), but keep = %s", host,
			(unsigned long)c->expire_days, kept);
	free(kept);
	return true;
}
