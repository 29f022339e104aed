// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/tls_context.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/api/detail/tls_context.hpp"
#include "isat/kubernetes/config/detail/key_pair.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/error_code.hpp>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

// How many certificates of a PEM text were put into the store.
ISAT_INLINE int add_certificates(::X509_STORE* store, const std::string& text) {
  int count = 0;
  const openssl_bio source = openssl_source(text);
  while (source != nullptr) {
    const openssl_certificate each{::PEM_read_bio_X509_AUX(source.get(), nullptr, no_pass_phrase, nullptr)};
    if (each == nullptr) break;
    count += ::X509_STORE_add_cert(store, each.get()) == 1 ? 1 : 0;
  }
  ::ERR_clear_error();  // there is always one: the text has an end
  return count;
}

ISAT_INLINE bool holds_certificate(const std::string& text) {
  const std::unique_ptr<::X509_STORE, openssl_free<&::X509_STORE_free>> store{::X509_STORE_new()};
  return store != nullptr && add_certificates(store.get(), text) > 0;
}

ISAT_INLINE tls_context::tls_context(const cluster_config& cluster, warning_function on_warning)
    : authority_{cluster.certificate_authority},
      file_{authority_.text.empty() ? authority_.file : std::string{}},
      server_name_{cluster.tls_server_name},
      insecure_{cluster.insecure_skip_tls_verify},
      on_warning_{std::move(on_warning)} {}

// A file that turns bad for a moment, as when it is rewritten, changes nothing.
ISAT_INLINE bool tls_context::refresh_authority() {
  if (insecure_ || authority_.empty()) return true;
  std::string why;
  std::string text = authority_.text;
  if (text.empty()) {
    const error_code error = file_.refresh();
    text = file_.text();
    if (error) why = "the file of the certificate authority, " + file_.path() + ", cannot be read: " + error.message();
  }
  if (why.empty() && text != authority_text_ && !holds_certificate(text)) {
    why = "the certificate authority" + (file_.path().empty() ? std::string{} : " in " + file_.path()) +
          " holds no certificate (PEM)";
  }
  if (why.empty()) {
    authority_text_ = std::move(text);
    authority_missed_ = false;
    return true;
  }
  if (authority_text_.empty()) {
    failure_ = std::move(why);
    return false;
  }
  if (!authority_missed_ && on_warning_) on_warning_(why + "; the one read before still counts");
  authority_missed_ = true;
  return true;
}

ISAT_INLINE bool tls_context::use_authority(asio::ssl::context& context) {
  boost::system::error_code error;
  if (insecure_) {
    context.set_verify_mode(asio::ssl::verify_none, error);
    return !error;
  }
  context.set_verify_mode(asio::ssl::verify_peer, error);
  ::X509_STORE* store = ::SSL_CTX_get_cert_store(context.native_handle());
  // Whatever the CA file holds is believed as it stands, also an intermediate authority or the server itself.
  ::X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  if (authority_.empty()) {
    if (!error) context.set_default_verify_paths(error);
    if (error) failure_ = "the system's certificate authorities cannot be read: " + error.message();
    return !error;
  }
  if (add_certificates(store, authority_text_) > 0) return true;
  failure_ = "the certificate authority cannot be used";
  return false;
}

ISAT_INLINE bool tls_context::use_identity(asio::ssl::context& context, const identity& who) {
  if (who.certificate.empty() && who.key.empty()) return true;
  boost::system::error_code error;
  context.use_certificate_chain(asio::buffer(who.certificate), error);
  if (!error) context.use_private_key(asio::buffer(who.key), asio::ssl::context::pem, error);
  if (error || ::SSL_CTX_check_private_key(context.native_handle()) != 1) {
    failure_ = "the client certificate and its key cannot be used" + (error ? ": " + error.message() : std::string{});
    ::ERR_clear_error();
    return false;
  }
  return true;
}

ISAT_INLINE std::shared_ptr<asio::ssl::context> tls_context::built(const identity& who) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  ::SSL_CTX* handle = context->native_handle();
  ::SSL_CTX_set_default_passwd_cb(handle, no_pass_phrase);
  constexpr std::array<unsigned char, 9> protocols{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  if (::SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION) != 1 ||
      ::SSL_CTX_set_alpn_protos(handle, protocols.data(), static_cast<unsigned>(protocols.size())) != 0) {
    failure_ = "TLS 1.2 cannot be set up";
    ::ERR_clear_error();
    return nullptr;
  }
  return use_authority(*context) && use_identity(*context, who) ? context : nullptr;
}

ISAT_INLINE std::shared_ptr<asio::ssl::context> tls_context::make(const identity& who) {
  if (!refresh_authority()) return nullptr;
  if (insecure_ && !std::exchange(insecurity_told_, true) && on_warning_) {
    on_warning_("the certificates of the API servers are not verified: anybody may pretend to be one");
  }
  const bool same = who.certificate == who_.certificate && who.key == who_.key && made_with_ == authority_text_;
  if (made_ != nullptr && same) return made_;
  made_ = built(who);
  who_.certificate = who.certificate;
  who_.key = who.key;
  made_with_ = authority_text_;
  return made_;
}

ISAT_INLINE bool tls_context::prepare(::SSL* connection, const server_url& url) const {
  const std::string& name = expected_name(url);
  ::X509_VERIFY_PARAM* parameters = ::SSL_get0_param(connection);
  ::X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  boost::system::error_code no_address;
  asio::ip::make_address(name, no_address);
  if (!no_address) return ::X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1;
  return SSL_set_tlsext_host_name(connection, name.c_str()) == 1 &&
         ::X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size()) == 1;
}

// The server says so, it chose an older one, or what it speaks is no TLS at all.
ISAT_INLINE bool is_version_fault(int reason) noexcept {
  return reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_UNSUPPORTED_PROTOCOL ||
         reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_WRONG_SSL_VERSION;
}

ISAT_INLINE error_code handshake_failure(::SSL* connection, error_code error, const std::string& expected,
                                         std::string& message) {
  const long result = ::SSL_get_verify_result(connection);
  const auto code = static_cast<unsigned long>(error.value());
  const bool is_ssl = error.category() == asio::error::get_ssl_category() && ERR_GET_LIB(code) == ERR_LIB_SSL;
  const int reason = is_ssl ? ERR_GET_REASON(code) : 0;
  if (result == X509_V_OK || reason != SSL_R_CERTIFICATE_VERIFY_FAILED) {
    message = (is_version_fault(reason) ? "the server speaks no TLS 1.2 or newer: " : "TLS fails: ") + error.message();
    return error;
  }
  message = std::string{"the server's certificate is not good: "} + ::X509_verify_cert_error_string(result);
  if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    message += " (it is not for " + expected + ")";
  }
  return kubernetes::error::bad_certificate;
}

}  // namespace isat::inline v0::kubernetes::detail
