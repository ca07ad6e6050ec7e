// SPDX-License-Identifier: MIT
#include "env/image/registry/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/registry/failure_words.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::size_t kMaxHeaders = 256;
/// Less than that, for as long as a stall may take, is no transfer but somebody who holds us up.
constexpr long kLeastBytesPerSecond = 512;
constexpr long kReceiveBufferBytes = 512L * 1024;
constexpr long kSendBufferBytes = 512L * 1024;

struct CurlDelete {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, CurlDelete>;

/// What the callbacks of one exchange share.
struct Exchange {
  HttpResponse response;
  const BodySink* sink = nullptr;
  std::optional<Error> sink_error;  ///< or what the body's reader said
  const HttpBody* body = nullptr;
  std::uint64_t sent = 0;
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* context) {
  auto& response = static_cast<Exchange*>(context)->response;
  const std::string_view line = text::trim({data, size * count});
  if (line.starts_with("HTTP/")) {
    // A new status line: what came before was an interim answer (100 Continue).
    response = HttpResponse{};
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos) {
      response.status =
          static_cast<long>(text::parse_number(line.substr(space + 1, 3)).value_or(0));
    }
    return size * count;
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && response.headers.size() < kMaxHeaders) {
    response.headers.emplace(text::to_lower(text::trim(line.substr(0, colon))),
                             std::string(text::trim(line.substr(colon + 1))));
  }
  return size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  if (auto taken = (*exchange.sink)(exchange.response, {data, size * count}); !taken) {
    exchange.sink_error = taken.error();
    return 0;  // fewer bytes than given: curl ends the transfer
  }
  return size * count;
}

std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  const std::uint64_t left = exchange.body->size_bytes - exchange.sent;
  const std::size_t most =
      static_cast<std::size_t>(std::min<std::uint64_t>(left, std::uint64_t{size} * count));
  if (most == 0) {
    return 0;
  }
  const auto read = exchange.body->read(exchange.sent, {buffer, most});
  if (!read || *read == 0) {
    exchange.sink_error =
        read ? Error(ErrorCode::failed, "the file has become shorter") : read.error();
    return CURL_READFUNC_ABORT;
  }
  exchange.sent += *read;
  return *read;
}

int on_seek(void* context, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) {
    return CURL_SEEKFUNC_FAIL;
  }
  static_cast<Exchange*>(context)->sent = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

TransportFailure kind_of(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
      return TransportFailure::not_tls;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
      return TransportFailure::untrusted;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return TransportFailure::unreachable;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return TransportFailure::refused;
    default:
      return TransportFailure::interrupted;
  }
}

/// How far an exchange came before it failed.
struct Progress {
  bool connected = false;
  bool only_tls = false;  ///< TLS was agreed on, and nothing came after that
};

Progress progress_of(CURL* curl, bool nothing_came) {
  curl_off_t tls = 0;
  curl_off_t request = 0;
  curl_easy_getinfo(curl, CURLINFO_APPCONNECT_TIME_T, &tls);
  curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &request);
  return {.connected = tls > 0 || request > 0, .only_tls = tls > 0 && nothing_came};
}

/// By what libcurl says: it tells no other way whether it went through the proxy.
bool is_fault_of_proxy(CURLcode code,
                       const std::string& reason,
                       const std::optional<ProxyWord>& proxy) {
  const bool unreachable = code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT;
  return proxy && (code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY ||
                   (unreachable && speaks_of(reason, *proxy)));
}

TransportError transport_error(CURLcode code,
                               const Progress& progress,
                               const HttpRequest& request,
                               const char* detail) {
  const Url& url = request.url;
  TransportFailure kind = kind_of(code);
  if (kind == TransportFailure::interrupted && !progress.connected) {
    kind = TransportFailure::unreachable;  // a timeout while connecting
  }
  const auto proxy = is_loopback(url.host) ? std::nullopt : proxy_for(url);
  const std::string reason =
      without_password(text::sanitize(*detail != '\0' ? detail : curl_easy_strerror(code)), proxy);
  // Files of the user that are no certificates.
  const std::string file = code == CURLE_SSL_CERTPROBLEM ? request.tls.certificate_file
                           : code == CURLE_SSL_CACERT_BADFILE && !request.tls.directory.empty()
                               ? file_at_fault(request.tls.directory)
                               : "";
  if (!file.empty()) {
    return {kind, Error(ErrorCode::failed, format("cannot use the certificate in '{}': {}",
                                                  text::sanitize(file), reason))
                      .with_hint("certificates and keys are PEM text; keys have no password")};
  }
  if (const std::string bundle = sys::get_variable("SSL_CERT_FILE");
      code == CURLE_SSL_CACERT_BADFILE && !bundle.empty()) {
    return {kind, Error(ErrorCode::failed, format("cannot use '{}', which SSL_CERT_FILE names: {}",
                                                  text::sanitize(bundle), reason))
                      .with_hint("name a file of certificates (PEM), or unset SSL_CERT_FILE")};
  }
  if (is_fault_of_proxy(code, reason, proxy)) {
    return {kind, Error(ErrorCode::network, format("cannot get '{}://{}': {}", url.scheme,
                                                   text::sanitize(url.authority()), reason))
                      .with_hint(format("{} names the proxy '{}': correct it, or unset it",
                                        proxy->variable, proxy->shown))};
  }
  // Who sends an alert speaks TLS, but not with us as we are (RFC 8446, 6.2). With TLS 1.3 it comes
  // after the handshake, and may be lost when the connection is closed behind it.
  const bool alert =
      kind != TransportFailure::refused && reason.find(" alert ") != std::string::npos;
  const bool closed =
      code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
  const bool turned_away =
      alert || (closed && progress.only_tls && request.tls.certificate_file.empty());
  if (alert) {
    kind = TransportFailure::untrusted;
  }
  Error error(
      kind == TransportFailure::refused ? ErrorCode::failed : ErrorCode::network,
      format("cannot get '{}://{}': {}", url.scheme, text::sanitize(url.authority()), reason));
  return {kind, error.with_hint(turned_away && request.of_registry
                                    ? format("the registry may want a certificate: put NAME.cert "
                                             "and NAME.key into {}",
                                             certificates_of(url))
                                    : hint_for(kind, request))};
}

Result<HeaderList> header_list(const std::vector<std::string>& headers) {
  HeaderList list;
  for (const std::string& header : headers) {
    curl_slist* longer = curl_slist_append(list.get(), header.c_str());
    if (longer == nullptr) {
      return fail(ErrorCode::failed, "out of memory");
    }
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

/// The strings outlive the exchange: they are the request's.
void configure_tls(CURL* curl, const TlsSettings& tls) {
  if (!tls.verify) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!tls.authorities.empty()) {
    curl_blob blob{};
    blob.data = const_cast<char*>(tls.authorities.data());
    blob.len = tls.authorities.size();
    blob.flags = CURL_BLOB_NOCOPY;
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (!tls.certificate_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_SSLCERT, tls.certificate_file.c_str());
    curl_easy_setopt(curl, CURLOPT_SSLKEY, tls.key_file.c_str());
  }
}

void configure(CURL* curl, const HttpRequest& request, const std::string& url) {
  curl_easy_reset(curl);  // options only: connections stay
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "devenv/" DEVENV_VERSION);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
                   static_cast<long>(request.timeouts.connect.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kLeastBytesPerSecond);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.timeouts.stall.count()));
  if (!request.range.empty()) {
    curl_easy_setopt(curl, CURLOPT_RANGE, request.range.c_str());
  }
  if (is_loopback(request.url.host)) {
    curl_easy_setopt(curl, CURLOPT_PROXY, "");  // no proxy can reach it
  } else if (const std::string proxy = sys::get_variable("HTTP_PROXY");
             request.url.scheme == "http" && !proxy.empty() &&
             sys::get_variable("http_proxy").empty()) {
    // libcurl only takes the other spelling, because of servers that put headers into variables.
    curl_easy_setopt(curl, CURLOPT_PROXY, proxy.c_str());
  }
  // OpenSSL's variables: libcurl has a path of its own, and only curl(1) looks at them.
  if (const std::string file = sys::get_variable("SSL_CERT_FILE"); !file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, file.c_str());
  }
  configure_tls(curl, request.tls);
  if (const std::string directory = sys::get_variable("SSL_CERT_DIR"); !directory.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAPATH, directory.c_str());
  }
}

/// Whether the authorities of the system can be looked up one by one (OpenSSL, by hashed names):
/// for each connection, libcurl would read all of them first, which takes longer than a request.
bool has_directory_of_authorities() {
  static const bool has = [] {
    const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
    return info->age >= CURLVERSION_SEVENTH && info->capath != nullptr && info->cainfo != nullptr &&
           std::string_view(info->ssl_version == nullptr ? "" : info->ssl_version)
               .starts_with("OpenSSL") &&
           sys::is_directory(info->capath);
  }();
  return has;
}

bool takes_authorities_of_system(const HttpRequest& request) {
  return request.tls.authorities.empty() && sys::get_variable("SSL_CERT_FILE").empty() &&
         sys::get_variable("SSL_CERT_DIR").empty();
}

void configure_method(CURL* curl, const HttpRequest& request, Exchange& exchange) {
  static const HttpBody kEmpty = body_of("");
  exchange.body = request.body != nullptr ? request.body : &kEmpty;
  const auto size = static_cast<curl_off_t>(exchange.body->size_bytes);
  switch (request.method) {
    case HttpMethod::get:
      return;
    case HttpMethod::head:
      curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
      return;
    case HttpMethod::post:
      curl_easy_setopt(curl, CURLOPT_POST, 1L);
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, size);
      break;
    case HttpMethod::put:
      curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
      curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, size);
      break;
  }
  curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, kSendBufferBytes);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(curl, CURLOPT_READDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
  curl_easy_setopt(curl, CURLOPT_SEEKDATA, &exchange);
}

}  // namespace

struct HttpClient::Handle {
  std::unique_ptr<CURL, CurlDelete> curl;
  bool needs_bundle = false;  ///< an authority was not to be found in the directory
};

std::string default_authorities() {
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  return info->age >= CURLVERSION_SEVENTH && info->cainfo != nullptr ? info->cainfo : "";
}

HttpClient::HttpClient() : handle_(std::make_unique<Handle>()) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized == CURLE_OK) {
    handle_->curl.reset(curl_easy_init());
  }
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

tl::expected<HttpResponse, TransportError> HttpClient::send(const HttpRequest& request,
                                                            const BodySink& sink) {
  const auto refuse = [](Error error) {
    return tl::unexpected<TransportError>({TransportFailure::refused, std::move(error)});
  };
  if (request.url.scheme != "https" && !request.plain_allowed && !is_loopback(request.url.host)) {
    return refuse(
        Error(ErrorCode::network,
              format("'{}' would be asked without TLS", text::sanitize(request.url.authority())))
            .with_hint("http is only used for registries on this machine, and for those that "
                       "registries.conf says to be insecure"));
  }
  CURL* curl = handle_->curl.get();
  if (curl == nullptr) {
    return refuse(Error(ErrorCode::failed, "libcurl cannot be initialized"));
  }
  auto headers = header_list(request.headers);
  if (!headers) {
    return refuse(headers.error());
  }
  const std::string url = request.url.string();
  Exchange exchange{.sink = &sink};
  std::array<char, CURL_ERROR_SIZE> detail{};
  configure(curl, request, url);
  configure_method(curl, request, exchange);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers->get());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail.data());

  const bool by_directory = !handle_->needs_bundle && takes_authorities_of_system(request) &&
                            has_directory_of_authorities();
  if (by_directory) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, nullptr);
  }
  CURLcode code = curl_easy_perform(curl);
  if (by_directory && code == CURLE_PEER_FAILED_VERIFICATION) {
    // The bundle may have more: nothing was sent yet.
    handle_->needs_bundle = true;
    curl_easy_setopt(curl, CURLOPT_CAINFO, default_authorities().c_str());
    code = curl_easy_perform(curl);
  }
  // The path of a redirect may hold a signature: it is not logged.
  LOG_DEBUG("{} {}://{} range='{}': curl {} status {}", to_string(request.method),
            request.url.scheme, request.url.authority(), request.range, static_cast<int>(code),
            exchange.response.status);
  if (exchange.sink_error) {
    return refuse(*exchange.sink_error);
  }
  if (code != CURLE_OK) {
    const bool nothing_came = exchange.response.status == 0;
    return tl::unexpected<TransportError>(
        transport_error(code, progress_of(curl, nothing_came), request, detail.data()));
  }
  return std::move(exchange.response);
}

}  // namespace devenv::image::registry
