// SPDX-License-Identifier: BSL-1.0

// Whether a client certificate and a key can be used together, asked before a connection stumbles over it: of two files
// that are replaced one after the other, the new certificate does not fit the old key for a moment. It refuses to ask
// for a pass phrase, and to verify who has signed the certificate: that is the server's business.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <climits>
#include <memory>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

template <auto Free>
struct openssl_free {
  template <class Object>
  void operator()(Object* object) const noexcept {
    Free(object);
  }
};

using openssl_bio = std::unique_ptr<::BIO, openssl_free<&::BIO_free_all>>;
using openssl_certificate = std::unique_ptr<::X509, openssl_free<&::X509_free>>;
using openssl_key = std::unique_ptr<::EVP_PKEY, openssl_free<&::EVP_PKEY_free>>;

/// `text`, which must outlive the result, as something that OpenSSL reads from; null if it is too long.
inline openssl_bio openssl_source(std::string_view text) {
  if (text.size() > INT_MAX) return nullptr;
  return openssl_bio{::BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// Instead of OpenSSL's question on the terminal: there is no pass phrase.
inline int no_pass_phrase(char*, int, int, void*) { return -1; }

/// What is wrong with a client certificate (PEM, the first one of a chain counts) and a key (PEM); null: nothing is.
inline const char* fault_of_key_pair(const std::string& certificate, const std::string& key) {
  const openssl_bio certificate_source = openssl_source(certificate);
  const openssl_bio key_source = openssl_source(key);
  const char* fault = nullptr;
  if (certificate.empty() || key.empty()) {
    fault = key.empty() ? "there is no key for the client certificate" : "there is no certificate for the client key";
  } else if (certificate_source == nullptr || key_source == nullptr) {
    fault = "the client certificate or key is too long";
  } else if (const openssl_certificate leaf{
                 ::PEM_read_bio_X509_AUX(certificate_source.get(), nullptr, no_pass_phrase, nullptr)};
             leaf == nullptr) {
    fault = "the client certificate is not PEM";
  } else if (const openssl_key secret{::PEM_read_bio_PrivateKey(key_source.get(), nullptr, no_pass_phrase, nullptr)};
             secret == nullptr) {
    fault = "the client key is not unencrypted PEM";
  } else if (::X509_check_private_key(leaf.get(), secret.get()) != 1) {
    fault = "the client certificate and key do not belong together";
  }
  if (fault != nullptr) ::ERR_clear_error();  // the next TLS operation of this thread would believe it failed
  return fault;
}

}  // namespace isat::inline v0::kubernetes::detail
