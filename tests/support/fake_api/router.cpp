// SPDX-License-Identifier: BSL-1.0
#include "fake_api/discovery.hpp"
#include "fake_api/router.hpp"

#include <algorithm>
#include <utility>

namespace isat::test::fake_api {

std::uint64_t router::visible() const noexcept {
  const auto current = store_.version();
  if (!frozen_ || *frozen_ < store_.oldest()) return current;
  return std::min(*frozen_, current);
}

attributes router::examine(const request& what) const {
  auto made = wish_of(what.method, read_target(what.target));
  if (const auto who = access.identify(what.authorization, what.certificate, what.certificate_refused)) {
    made.user = who->user;
    made.groups = who->groups;
  }
  return made;
}

outcome router::handle(const request& what) {
  const auto where = read_target(what.target);
  const auto wish = examine(what);
  if (wish.user.empty()) return {answer_of(failure(401, "Unauthorized", "Unauthorized")), {}};
  if (const auto refusal = access.refusal(wish, where.kind); !refusal.empty()) return {answer_of(refusal), {}};
  if (where.kind == nullptr) return {discover(where), {}};
  return dispatch(what, where, wish);
}

outcome router::dispatch(const request& what, const target& where, const attributes& wish) {
  const bool whole = !where.name.empty();
  if (wish.verb == "watch") return watch(what, where);
  if (wish.verb == "list") return {list(what, where), {}};
  if (wish.verb == "get") return {read(what, where), {}};
  const bool homeless = where.kind->namespaced && where.name_space.empty();  // a list over all namespaces, read only
  if (!homeless && where.subresource.empty()) {
    if (wish.verb == "create" && !whole) return {create(what, where), {}};
    if (wish.verb == "delete") return {remove(what, where), {}};
    if (wish.verb == "deletecollection") return {remove_all(where), {}};
  }
  if (!homeless && whole) {
    if (wish.verb == "update") return {replace(what, where, wish), {}};
    if (wish.verb == "patch") return {patch(what, where), {}};
  }
  return {answer_of(failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource",
                            json::object{})),
          {}};
}

}  // namespace isat::test::fake_api
