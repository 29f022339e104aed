// SPDX-License-Identifier: BSL-1.0

// Certificates for tests, made in the process by OpenSSL: a CA that lives as long as the object, and what it signs. A
// server's certificate carries names and addresses as SANs, a client's the user as CN and the groups as O, as an API
// server reads them. Keys are P-256: made in a fraction of a millisecond.
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace isat::test {

/// A certificate and its key, as PEM.
struct test_certificate {
  std::string certificate;
  std::string key;
};

/// What a certificate is to say.
struct certificate_wishes {
  std::string common_name = "kube-apiserver";
  std::vector<std::string> organizations;
  std::vector<std::string> names;      ///< DNS SANs
  std::vector<std::string> addresses;  ///< IP SANs
  long valid_from = -3600;             ///< seconds from now
  long valid_until = 24L * 3600;       ///< seconds from now
  bool for_client = false;
};

/// A certificate authority.
class test_authority {
 public:
  explicit test_authority(const std::string& common_name = "isat test CA") : key_{make_key()}, own_{X509_new()} {
    certificate_wishes wishes;
    wishes.common_name = common_name;
    fill(own_.get(), wishes, key_.get());
    require(X509_set_issuer_name(own_.get(), X509_get_subject_name(own_.get())));
    extend(own_.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(own_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(own_.get(), NID_subject_key_identifier, "hash");
    require(X509_sign(own_.get(), key_.get(), EVP_sha256()));
  }

  /// The CA's own certificate, as PEM.
  std::string certificate() const { return text_of(own_.get()); }

  test_certificate sign(const certificate_wishes& wishes) const {
    const auto key = make_key();
    const certificate_pointer made{X509_new()};
    fill(made.get(), wishes, key.get());
    require(X509_set_issuer_name(made.get(), X509_get_subject_name(own_.get())));
    extend(made.get(), NID_basic_constraints, "critical,CA:FALSE");
    extend(made.get(), NID_key_usage, "critical,digitalSignature");
    extend(made.get(), NID_ext_key_usage, wishes.for_client ? "clientAuth" : "serverAuth");
    extend(made.get(), NID_authority_key_identifier, "keyid", own_.get());
    std::string alternatives;
    for (const auto& name : wishes.names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
    for (const auto& address : wishes.addresses) alternatives += (alternatives.empty() ? "IP:" : ",IP:") + address;
    if (!alternatives.empty()) extend(made.get(), NID_subject_alt_name, alternatives);
    require(X509_sign(made.get(), key_.get(), EVP_sha256()));
    return {text_of(made.get()), text_of(key.get())};
  }

  /// For a server at these names and addresses.
  test_certificate sign_server(std::vector<std::string> names = {"localhost"},
                               std::vector<std::string> addresses = {"127.0.0.1", "::1"}) const {
    certificate_wishes wishes;
    wishes.names = std::move(names);
    wishes.addresses = std::move(addresses);
    return sign(wishes);
  }

  /// For a client. @param user,groups as the API server's authenticator reads CN and O
  test_certificate sign_client(std::string user, std::vector<std::string> groups = {}) const {
    certificate_wishes wishes;
    wishes.common_name = std::move(user);
    wishes.organizations = std::move(groups);
    wishes.for_client = true;
    return sign(wishes);
  }

 private:
  struct deleter {
    void operator()(X509* what) const { X509_free(what); }
    void operator()(EVP_PKEY* what) const { EVP_PKEY_free(what); }
    void operator()(BIO* what) const { BIO_free(what); }
    void operator()(X509_EXTENSION* what) const { X509_EXTENSION_free(what); }
  };
  using certificate_pointer = std::unique_ptr<X509, deleter>;
  using key_pointer = std::unique_ptr<EVP_PKEY, deleter>;

  static void require(int result) {
    if (result <= 0) throw std::runtime_error{"OpenSSL cannot make a certificate"};
  }
  static key_pointer make_key() {
    key_pointer key{EVP_EC_gen("P-256")};
    require(key != nullptr ? 1 : 0);
    return key;
  }

  static void fill(X509* what, const certificate_wishes& wishes, EVP_PKEY* key) {
    static long serial = 0;
    require(X509_set_version(what, X509_VERSION_3));
    require(ASN1_INTEGER_set(X509_get_serialNumber(what), ++serial));
    require(X509_gmtime_adj(X509_getm_notBefore(what), wishes.valid_from) != nullptr ? 1 : 0);
    require(X509_gmtime_adj(X509_getm_notAfter(what), wishes.valid_until) != nullptr ? 1 : 0);
    require(X509_set_pubkey(what, key));
    X509_NAME* subject = X509_get_subject_name(what);
    for (const auto& group : wishes.organizations) name(subject, "O", group);
    name(subject, "CN", wishes.common_name);
  }
  static void name(X509_NAME* subject, const char* field, const std::string& value) {
    const auto* octets = reinterpret_cast<const unsigned char*>(value.c_str());
    require(X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, octets, -1, -1, 0));
  }
  static void extend(X509* what, int id, const std::string& value, X509* issuer = nullptr) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer != nullptr ? issuer : what, what, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, deleter> made{X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str())};
    require(made != nullptr ? 1 : 0);
    require(X509_add_ext(what, made.get(), -1));
  }

  static std::string text_of(X509* what) {
    const std::unique_ptr<BIO, deleter> memory{BIO_new(BIO_s_mem())};
    require(PEM_write_bio_X509(memory.get(), what));
    return text_of(memory.get());
  }
  static std::string text_of(EVP_PKEY* what) {
    const std::unique_ptr<BIO, deleter> memory{BIO_new(BIO_s_mem())};
    require(PEM_write_bio_PrivateKey(memory.get(), what, nullptr, nullptr, 0, nullptr, nullptr));
    return text_of(memory.get());
  }
  static std::string text_of(BIO* memory) {
    char* octets = nullptr;
    const long size = BIO_get_mem_data(memory, &octets);
    return {octets, static_cast<std::size_t>(size)};
  }

  key_pointer key_;
  certificate_pointer own_;
};

}  // namespace isat::test
