// SPDX-License-Identifier: BSL-1.0

// YAML made JSON, for kubeconfig files: the library understands JSON only, and needs no YAML parser. What is quoted
// stays text; plain true, false, null and numbers are what they look like, nothing else is (yes and on are text). It
// refuses what no kubeconfig needs and what could hide something: a key given twice, merge keys, tags of one's own, a
// second document, and aliases that make a large file of a small one.
#pragma once

#include "isat/kubernetes/config/cluster_config.hpp"

#include <boost/system/result.hpp>

#include <string>

namespace speakerd {

/// `text`, one YAML document, as JSON on one line; `null` if there is nothing in it. @param path for messages
/// @return or a failure with FILE:LINE:COLUMN, which repeats nothing that the file holds
boost::system::result<std::string, isat::kubernetes::config_failure> yaml_as_json(const std::string& text,
                                                                                  const std::string& path);

/// Likewise, of a file: an isat::kubernetes::file_reader. A file that cannot be read gives the system's error.
boost::system::result<std::string, isat::kubernetes::config_failure> read_yaml_as_json(const std::string& path);

}  // namespace speakerd
