# find_package(xquic) gives xquic::xquic, the shared library, and xquic::static.

include(CMakeFindDependencyMacro)
find_dependency(Threads)

get_filename_component(_xquic_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET xquic::xquic)
  add_library(xquic::xquic SHARED IMPORTED)
  set_target_properties(xquic::xquic PROPERTIES
    IMPORTED_LOCATION "${_xquic_prefix}/lib/libxquic.so"
    IMPORTED_SONAME libxquic.so
    INTERFACE_INCLUDE_DIRECTORIES "${_xquic_prefix}/include")

  # BoringSSL is partly C++, so whoever links the archive links the C++ runtime too.
  add_library(xquic::static STATIC IMPORTED)
  set_target_properties(xquic::static PROPERTIES
    IMPORTED_LOCATION "${_xquic_prefix}/lib/libxquic.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_xquic_prefix}/include"
    INTERFACE_LINK_LIBRARIES "stdc++;gcc_s;Threads::Threads;m;${CMAKE_DL_LIBS}")
endif()

unset(_xquic_prefix)
