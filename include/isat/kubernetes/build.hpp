// SPDX-License-Identifier: BSL-1.0

// How the component isat::kubernetes was built, in two macros that its headers use and nobody else needs. A build of
// the library records itself in a generated header, which is installed; where there is none, as in a vendored copy of
// include/, the component is header-only. No user ever sets anything. It refuses to configure any other component.
#pragma once

#if __has_include("isat/kubernetes/build_generated.hpp")
#include "isat/kubernetes/build_generated.hpp"
#else
#define ISAT_KUBERNETES_HEADER_ONLY 1
#endif

#if ISAT_KUBERNETES_HEADER_ONLY
#define ISAT_KUBERNETES_INLINE inline  // before each definition in impl/
#define ISAT_KUBERNETES_API            // on each class and function that users call
#else
#define ISAT_KUBERNETES_INLINE
#define ISAT_KUBERNETES_API __attribute__((visibility("default")))
#endif
