// SPDX-License-Identifier: BSL-1.0

// Decides which Service gets which address of a pool. Sans-I/O: Services and answers go in, requests and notices come
// out; address_assigner.hpp drives it. No address is given twice, also when several tables work at once, one of them
// with old news and writes that come late: leaders should be one at a time, but nothing here depends on it. The order:
//
//   claim   the version of the Service is read, *then* its claim is written into the record of the address (also if it
//           is there already), *then* the status is patched at that very version
//   free    the record is read, *then* the Service, by a quorum read: gone, or a version to which no assigner would
//   give
//           the address; *then* the claim is removed, if the record was written by nobody else since
//
// So between a table that gives and one that frees, either the record or the Service has changed for one of them. It
// refuses to take an address from a Service that keeps wanting it, and to touch addresses of other controllers.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/kubernetes/service/address_pool.hpp"
#include "isat/kubernetes/service/assignee.hpp"
#include "isat/kubernetes/service/assignment_notice.hpp"
#include "isat/kubernetes/service/detail/claim_book.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes {

/// What an assignment_table is told at its start.
struct assignment_settings {
  address_pool pool;
  std::string prefix = "isat";  ///< of the records: PREFIX-pool-192.0.2.0
  std::string lb_class = {};    ///< only Services of this class; empty: only those of none
  std::uint64_t seed = 1;       ///< random; makes the nonces of records
  unsigned parallel = 8;        ///< patches on their way at a time, and likewise reads
  /// True if something else in the cluster has this address, as a Node may. Asked when one is chosen.
  std::function<bool(ipv4_address)> in_use = {};
};

/// What is to be done.
enum class assignment_step : std::uint8_t {
  none = 0,
  list_records = 1,  ///< all whose names begin with `record.name`
  load_record = 2,   ///< record.name, by a quorum read
  write_record = 3,  ///< compare-and-swap to `record`
  write_status = 4,  ///< the status of `service` names `addresses`, if it has `version` still
  read_service = 5,  ///< `service` by its name, by a quorum read
};

/// A request. Each is to be answered once, or the table to be dropped.
struct assignment_request {
  std::uint64_t id{};
  assignment_step step{};
  election::entry record;
  service_reference service;
  std::string version;
  std::vector<ipv4_address> addresses;
};

/// What became of a write or read.
enum class assignment_outcome : std::uint8_t {
  none = 0,
  done = 1,
  conflict = 2,  ///< not written: there is another version
  failed = 3,    ///< anything else; a write may have been done or may yet be
};

/// The assignments as one leader sees and makes them. Not thread-safe.
class ISAT_API assignment_table {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit assignment_table(assignment_settings settings);

  // ---- Services ----

  /// A list begins; one that had begun counts for nothing.
  void begin_list();
  /// It is at its end: what was not told since begin_list() is gone. Without begin_list() nothing is.
  void end_list();
  /// New, changed or the same as before.
  void set(assignee service);
  /// Gone; what is unknown is ignored.
  void erase(const object_name& name);

  // ---- Work: after each input, until there is nothing ----

  /// The next thing to do now.
  std::optional<assignment_request> take_request(time_point now);
  std::optional<assignment_notice> take_notice();
  /// How long until take_request() should be asked again without any input.
  std::chrono::nanoseconds wake_in(time_point now) const noexcept;

  // ---- Answers, by the request's id ----

  void on_records(std::uint64_t id, time_point now, assignment_outcome outcome,
                  const std::vector<election::entry>& records);
  /// Of load_record and write_record. @param record as it is now
  void on_record(std::uint64_t id, time_point now, assignment_outcome outcome, const election::entry& record);
  void on_status(std::uint64_t id, time_point now, assignment_outcome outcome);
  /// @param found none: there is no Service of this name
  void on_service(std::uint64_t id, time_point now, assignment_outcome outcome, const std::optional<assignee>& found);

  // ---- Questions ----

  /// True since Services and records are known.
  bool is_ready() const noexcept { return listed_ && book_.is_listed(); }
  /// Addresses that are claimed, in and out of the pool.
  std::size_t claim_count() const noexcept;

 private:
  struct known_service {
    assignee facts;
    std::uint32_t list{};
    bool queued{};
    bool patching{};      // a patch is planned or on its way
    unsigned claiming{};  // changes of records that are planned or on their way for it
    // A claim for this address was written after this version was read.
    ipv4_address vouched_address;
    std::string vouched_version;
    time_point not_before;  // after a patch: the watch tells what became of it
    unsigned failures{};
    assignment_notice trouble;  // as was told
  };
  struct status_patch {
    service_reference service;
    std::string version;
    std::vector<ipv4_address> addresses;
    assignment_notice news;  // if it succeeds
  };
  struct check_key {
    ipv4_address address;
    std::string uid;
    friend auto operator<=>(const check_key&, const check_key&) = default;
  };
  // Of a claim that nobody seems to need any more.
  struct free_check {
    object_name name;
    std::uint64_t asked{};    // id of the read that is on its way, or 0
    std::uint64_t reading{};  // of the block, when that was sent
    time_point not_before;
    unsigned failures{};
  };

  static bool may_hold(const assignee& service, const detail::claim_owner& owner) noexcept;
  static bool may_get(const assignee& service, ipv4_address address, const detail::claim_owner& owner) noexcept;
  static bool needs(const assignee& service, ipv4_address address, const detail::claim_owner& owner) noexcept;
  bool is_ours(const assignee& service) const noexcept;
  known_service* find(const service_reference& which);
  void queue(known_service& service);
  void queue_waiting();
  void index_addresses(const assignee& service, bool named);

  // What a Service should have; in assignment_table.ipp.
  void work(time_point now);
  void consider(known_service& service, time_point now);
  bool look_at_claims(known_service& service);
  bool adopt(known_service& service);
  void find_address(known_service& service);
  bool go_on_with_claim(known_service& service);
  void choose_wanted(known_service& service, ipv4_address wanted);
  void choose_any(known_service& service);
  std::optional<ipv4_address> find_shared(const assignee& service) const;
  std::optional<ipv4_address> find_free(const assignee& service);
  bool has_room(ipv4_address address) const;
  bool can_join(const assignee& service, const detail::address_claim& claim) const;
  bool is_taken(ipv4_address address, const assignee& service) const;
  bool claim(known_service& service, ipv4_address address);
  void patch(known_service& service, std::vector<ipv4_address> addresses, assignment_notice news);
  void tell_trouble(known_service& service, assignment_notice trouble);

  // What is asked, and what becomes of it; in assignment_requests.ipp.
  void begin_work();
  void check(ipv4_address address, const detail::claim_owner& owner);
  void on_block_known(ipv4_address block, time_point now);
  void on_changes(const std::vector<detail::claim_change>& changes, bool written);
  void on_loaded(ipv4_address block, time_point now, assignment_outcome outcome, const election::entry& record);
  void on_written(ipv4_address block, time_point now, assignment_outcome outcome, const election::entry& record);
  void free_unless_needed(const check_key& key, time_point now, const std::optional<assignee>& found);
  std::optional<assignment_request> next_record_request(time_point now);
  std::optional<assignment_request> next_patch();
  std::optional<assignment_request> next_read(time_point now);

  assignment_settings settings_;
  detail::claim_book book_;
  std::map<object_name, known_service> services_;
  std::map<ipv4_address, std::set<object_name>> named_by_;  // of the pool, by statuses
  ipv4_address free_from_;                                  // no address of the pool before it is free, but perhaps
  std::set<ipv4_address> in_use_;                           // these, which settings_.in_use did not allow
  bool looked_in_use_ = false;                              // none of these is free now
  std::deque<object_name> queue_;
  std::set<object_name> waiting_;  // for an address that is not free
  std::set<std::pair<time_point, object_name>> retries_;
  std::deque<status_patch> patches_;
  std::map<std::uint64_t, status_patch> patching_;
  std::map<check_key, free_check> checks_;
  std::map<std::uint64_t, check_key> checking_;
  std::deque<assignment_notice> notices_;
  std::uint32_t list_ = 0;
  bool listing_ = false;
  bool listed_ = false;
  std::uint64_t ids_ = 0;
  std::uint64_t list_request_ = 0;
  time_point list_not_before_;
  unsigned list_failures_ = 0;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/assignment_requests.ipp"
#include "isat/kubernetes/service/impl/assignment_table.ipp"
#endif
