# SPDX-License-Identifier: GPL-3.0-or-later
"""Private instances of the POP3 servers that Debian has besides Dovecot."""
