// SPDX-License-Identifier: BSL-1.0

// The bodies of assignment_notice.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/unreachable.hpp"
#include "isat/kubernetes/service/assignee.hpp"
#include "isat/kubernetes/service/assignment_notice.hpp"

#include <string_view>

namespace isat::inline v0::kubernetes {

namespace detail {

inline std::string in_use_text(const assignment_notice& notice) {
  const std::string address = notice.address.to_string();
  if (notice.other.name.empty()) return "it wants " + address + ", which is in use already";
  return "it wants " + address + ", which " + notice.other.to_string() +
         " has; they can share it with the same annotation " + std::string{sharing_annotation} +
         ", different ports and the same external traffic policy";
}

inline std::string_view reason_of(assignment_news news) noexcept {
  switch (news) {
    case assignment_news::none:
      return "";
    case assignment_news::assigned:
      return "AddressAssigned";
    case assignment_news::taken_back:
      return "AddressTakenBack";
    case assignment_news::freed:
      return "AddressFreed";
    case assignment_news::pool_full:
      return "AddressPoolFull";
    case assignment_news::not_in_pool:
      return "AddressNotInPool";
    case assignment_news::in_use:
      return "AddressInUse";
    case assignment_news::unreadable:
      return "AddressUnreadable";
    case assignment_news::duplicate:
      return "AddressDuplicate";
    case assignment_news::not_ours:
      return "PoolRecordUnreadable";
  }
  isat::detail::unreachable();
}

// Of the Service, which is said elsewhere.
inline std::string sentence_of(const assignment_notice& notice) {
  const std::string address = notice.address.to_string();
  switch (notice.news) {
    case assignment_news::none:
      return "nothing";
    case assignment_news::assigned:
      return address + " is assigned to it";
    case assignment_news::taken_back:
      return address + " is taken back from it, for it is no Service of this assigner any more";
    case assignment_news::freed:
      return address + " is free again";
    case assignment_news::pool_full:
      return "no address of the pool is free for it";
    case assignment_news::not_in_pool:
      return "it wants " + address + ", which is not in the pool";
    case assignment_news::in_use:
      return in_use_text(notice);
    case assignment_news::unreadable:
      return "what it wants is no IPv4 address: " + notice.wanted;
    case assignment_news::duplicate:
      return "its status names " + address + ", which belongs to " + notice.other.to_string();
    case assignment_news::not_ours:
      return "the record of the addresses from " + address +
             " on was edited by somebody: none of them is assigned until it is removed";
  }
  isat::detail::unreachable();
}

}  // namespace detail

ISAT_INLINE std::string to_text(const assignment_notice& notice) {
  const std::string sentence = detail::sentence_of(notice);
  return notice.service.name.name.empty() ? sentence : notice.service.name.to_string() + ": " + sentence;
}

ISAT_INLINE service_event to_event(const assignment_notice& notice) {
  return {notice.service,
          is_trouble(notice.news) ? event_type::warning : event_type::normal,
          std::string{detail::reason_of(notice.news)},
          "AssignAddress",
          detail::sentence_of(notice),
          {}};
}

}  // namespace isat::inline v0::kubernetes
