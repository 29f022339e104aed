// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/cluster_config.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>
#include <doctest/doctest.h>

#include <string>

using namespace isat::kubernetes;

TEST_CASE("a text or file is empty if neither is given") {
  CHECK(text_or_file{}.empty());
  CHECK_FALSE(text_or_file{"a", {}}.empty());
  CHECK_FALSE(text_or_file{{}, "/a"}.empty());
}

TEST_CASE("who asks for the value of a configuration that failed gets an exception with the sentence") {
  const config_failure failure{make_error_code(boost::system::errc::invalid_argument), "f.json: it is wrong"};
  const boost::system::result<cluster_config, config_failure> result{failure};
  try {
    static_cast<void>(result.value());
    FAIL("nothing was thrown");
  } catch (const boost::system::system_error& error) {
    CHECK(error.code() == failure.error);
    CHECK(std::string{error.what()}.find(failure.message) != std::string::npos);
  }
}
