/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One entry for each provider. It is here for what no question to the
 * network would tell: that POP3 must be turned on first, which password counts, that there is no
 * POP3 at all. Each takes the whole address as the name of the login.
 */
#include "discover/providers.h"

#include <stddef.h>

#include "base/i18n.h"
#include "base/mem.h"

static const struct provider providers[] = {
	{"Gmail", "gmail.com googlemail.com", "pop.gmail.com", DISCOVERY_APP_PASSWORD,
		N_("Turn POP on first, in Gmail's settings under \"Forwarding and POP/IMAP\".\n"
		   "Make an app password at https://myaccount.google.com/apppasswords (it needs "
		   "2-Step Verification).\n"
		   "Where these are turned off, a token does: --oauth-token-command.")},
	{"Outlook.com",
		"outlook.com outlook.at outlook.be outlook.cl outlook.co.id outlook.com.br "
		"outlook.cz outlook.de outlook.dk outlook.es outlook.fr outlook.ie outlook.it "
		"outlook.jp outlook.pt outlook.sk hotmail.com hotmail.be hotmail.co.uk hotmail.de "
		"hotmail.es hotmail.fr hotmail.it hotmail.nl hotmail.se live.com live.at live.be "
		"live.ca live.cn live.co.uk live.com.au live.com.mx live.de live.dk live.fr "
		"live.ie live.it live.jp live.nl live.no live.se msn.com passport.com "
		"windowslive.com",
		"outlook.office365.com", DISCOVERY_OAUTH,
		N_("Turn POP on first, in Outlook's settings under \"Mail\", \"Forwarding and "
		   "IMAP\".")},
	{"iCloud", "icloud.com me.com mac.com", NULL, DISCOVERY_PASSWORD,
		N_("it can be read by IMAP only")},
	{"Yahoo Mail",
		"yahoo.com yahoo.ca yahoo.co.id yahoo.co.in yahoo.co.nz yahoo.co.uk yahoo.com.ar "
		"yahoo.com.au yahoo.com.br yahoo.com.hk yahoo.com.mx yahoo.com.ph yahoo.com.sg "
		"yahoo.com.tw yahoo.com.vn yahoo.de yahoo.es yahoo.fr yahoo.gr yahoo.ie yahoo.in "
		"yahoo.it yahoo.ro yahoo.se myyahoo.com rocketmail.com ymail.com",
		"pop.mail.yahoo.com", DISCOVERY_APP_PASSWORD,
		N_("Make an app password first, in Yahoo's account settings under \"Security\".")},
	{"AOL Mail", "aol.com aim.com aol.co.uk aol.de aol.fr", "pop.aol.com",
		DISCOVERY_APP_PASSWORD,
		N_("Make an app password first, in AOL's account settings under \"Security\".")},
	{"GMX", "gmx.net gmx.de gmx.at gmx.ch gmx.eu gmx.info gmx.li gmx.org", "pop.gmx.net",
		DISCOVERY_PASSWORD,
		N_("Turn POP3 on first, in GMX's settings under \"POP3 & IMAP\".")},
	{"GMX", "gmx.com gmx.co.uk gmx.es gmx.fr gmx.us", "pop.gmx.com", DISCOVERY_PASSWORD,
		N_("Turn POP3 on first, in GMX's settings under \"POP3 & IMAP\".")},
	{"WEB.DE", "web.de email.de", "pop3.web.de", DISCOVERY_PASSWORD,
		N_("Turn POP3 on first, in WEB.DE's settings under \"POP3/IMAP\".")},
	{"T-Online", "t-online.de magenta.de", "securepop.t-online.de", DISCOVERY_APP_PASSWORD,
		N_("The password for mail programs counts here, not that of the website; it is made "
		   "at https://account.idm.telekom.com.")},
	{"Fastmail", "fastmail.com fastmail.fm fastmail.net fastmail.org fastmail.to",
		"pop.fastmail.com", DISCOVERY_APP_PASSWORD,
		N_("Make an app password first, in Fastmail's settings under \"Privacy & "
		   "Security\".")},
	{"mailbox.org", "mailbox.org", "pop3.mailbox.org", DISCOVERY_PASSWORD, NULL},
	{"Posteo", "posteo.de posteo.net posteo.at posteo.ch posteo.eu posteo.org", "posteo.de",
		DISCOVERY_PASSWORD, NULL},
	{"Zoho Mail", "zoho.com zohomail.com", "pop.zoho.com", DISCOVERY_PASSWORD,
		N_("Turn POP on first, in Zoho Mail's settings under \"Mail Accounts\".")},
	{"Zoho Mail", "zoho.eu zohomail.eu", "pop.zoho.eu", DISCOVERY_PASSWORD,
		N_("Turn POP on first, in Zoho Mail's settings under \"Mail Accounts\".")},
	{"Yandex Mail", "yandex.com yandex.ru ya.ru yandex.by yandex.kz", "pop.yandex.com",
		DISCOVERY_APP_PASSWORD,
		N_("Turn POP3 on first, in Yandex Mail's settings under \"Email clients\", and make "
		   "an app password for mail.")},
	{"Proton Mail", "proton.me protonmail.com protonmail.ch pm.me", NULL, DISCOVERY_PASSWORD,
		N_("Proton Mail Bridge offers IMAP only")},
	{"Tuta", "tuta.com tuta.io tutamail.com tutanota.com tutanota.de keemail.me", NULL,
		DISCOVERY_PASSWORD, N_("it can be read by its own programs only")},
};

static bool lists(const char *domains, const char *domain)
{
	struct span rest = span_of(domains);

	while (rest.len)
		if (span_is_nocase(span_word(&rest), domain))
			return true;
	return false;
}

const struct provider *provider_of(const char *domain)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(*providers); i++)
		if (lists(providers[i].domains, domain))
			return &providers[i];
	return NULL;
}
