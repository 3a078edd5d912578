/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_GNUTLS_H
#define AMBIL_BASE_GNUTLS_H

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/pkcs11.h>
#include <gnutls/x509.h>

#include "base/library.h"

/*
 * GnuTLS, which is opened when something is to be encrypted or verified: it brings ten libraries
 * along. gnutls_init() is called as gnutls.init() here, and so are all others. Its types and
 * constants are those of its headers.
 */
#define GNUTLS_FUNCTIONS(X)                      \
	X(alert_get)                             \
	X(alert_get_name)                        \
	X(alert_send)                            \
	X(bye)                                   \
	X(certificate_allocate_credentials)      \
	X(certificate_client_get_request_status) \
	X(certificate_free_credentials)          \
	X(certificate_get_ours)                  \
	X(certificate_get_peers)                 \
	X(certificate_set_key)                   \
	X(certificate_set_x509_system_trust)     \
	X(certificate_set_x509_trust_mem)        \
	X(certificate_verification_status_print) \
	X(certificate_verify_peers)              \
	X(check_version)                         \
	X(cipher_get)                            \
	X(cipher_get_name)                       \
	X(ciphersuite_get)                       \
	X(credentials_set)                       \
	X(deinit)                                \
	X(error_is_fatal)                        \
	X(free)                                  \
	X(group_get)                             \
	X(group_get_name)                        \
	X(handshake)                             \
	X(hash)                                  \
	X(hash_deinit)                           \
	X(hash_init)                             \
	X(idna_map)                              \
	X(init)                                  \
	X(kx_get)                                \
	X(kx_get_name)                           \
	X(ocsp_status_request_is_checked)        \
	X(pcert_deinit)                          \
	X(pcert_export_x509)                     \
	X(pcert_list_import_x509_file)           \
	X(pcert_list_import_x509_raw)            \
	X(pk_bits_to_sec_param)                  \
	X(pk_get_name)                           \
	X(priority_deinit)                       \
	X(priority_init)                         \
	X(priority_protocol_list)                \
	X(priority_set_direct)                   \
	X(privkey_deinit)                        \
	X(privkey_import_url)                    \
	X(privkey_import_x509_raw)               \
	X(privkey_init)                          \
	X(protocol_get_name)                     \
	X(protocol_get_version)                  \
	X(record_check_pending)                  \
	X(record_recv)                           \
	X(record_send)                           \
	X(server_name_set)                       \
	X(session_channel_binding)               \
	X(session_ext_master_secret_status)      \
	X(session_get_data2)                     \
	X(session_get_flags)                     \
	X(session_get_ptr)                       \
	X(session_is_resumed)                    \
	X(session_set_data)                      \
	X(session_set_ptr)                       \
	X(session_set_verify_function)           \
	X(sign_algorithm_get)                    \
	X(sign_get_name)                         \
	X(sign_is_secure2)                       \
	X(strerror)                              \
	X(transport_set_errno)                   \
	X(transport_set_ptr)                     \
	X(transport_set_pull_function)           \
	X(transport_set_pull_timeout_function)   \
	X(transport_set_vec_push_function)       \
	X(x509_crt_check_issuer)                 \
	X(x509_crt_deinit)                       \
	X(x509_crt_get_activation_time)          \
	X(x509_crt_get_dn)                       \
	X(x509_crt_get_dn_by_oid)                \
	X(x509_crt_get_expiration_time)          \
	X(x509_crt_get_fingerprint)              \
	X(x509_crt_get_issuer_dn)                \
	X(x509_crt_get_issuer_dn_by_oid)         \
	X(x509_crt_get_key_id)                   \
	X(x509_crt_get_pk_algorithm)             \
	X(x509_crt_get_raw_dn)                   \
	X(x509_crt_get_raw_issuer_dn)            \
	X(x509_crt_get_signature_algorithm)      \
	X(x509_crt_get_subject_alt_name)         \
	X(x509_crt_import)                       \
	X(x509_crt_init)

#define GNUTLS_MEMBER(name) __typeof__(gnutls_##name) *(name);
struct gnutls_functions {
	GNUTLS_FUNCTIONS(GNUTLS_MEMBER)
};
extern struct gnutls_functions gnutls;

/*
 * To be called, and to succeed, before anything of it is used: by each of the calls of net/ and
 * auth/ that can be the first to need it. ERROR_INTERNAL: it is not installed.
 */
bool gnutls_open(struct error *e) MUST_CHECK;

#endif
