# SPDX-License-Identifier: BSL-1.0
#
# What our own programs have in common. Warnings and the output directory are properties of these programs: nothing
# here reaches the libraries' users or the projects that include us.

# Turns our warnings on for one target.
function(isat_enable_warnings target)
  target_compile_options(
    ${target}
    PRIVATE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wsign-conversion
            -Werror=switch
            $<$<BOOL:${ISAT_WARNINGS_AS_ERRORS}>:-Werror>)
  # g++ 12 sees a mismatched delete in every coroutine as soon as it optimizes; there is none.
  target_compile_options(
    ${target}
    PRIVATE
      $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-mismatched-new-delete>)
endfunction()

# isat_add_program(name SOURCES file... LINK library...): a program of ours, in bin/ of the build directory.
function(isat_add_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_executable(${name} ${arg_SOURCES})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  isat_enable_warnings(${name})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
endfunction()
