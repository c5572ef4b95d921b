# Tests. Everything is registered with CTest; scripts/check counts the cases inside each entry from
# the JUnit files that the entries leave in SIGMA_TEST_RESULTS, one named like the entry.

enable_testing()
set(SIGMA_TEST_RESULTS ${PROJECT_BINARY_DIR}/test-results)

# sigma_add_gtest(<name> SOURCES <file>... [LIBRARIES <target>...] [TIMEOUT <seconds>])
# One GoogleTest binary. Targets that link sigma_mlir are compiled without exceptions, others with.
function(sigma_add_gtest name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  find_package(GTest REQUIRED)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} --gtest_output=xml:${SIGMA_TEST_RESULTS}/${name}.xml)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
endfunction()
