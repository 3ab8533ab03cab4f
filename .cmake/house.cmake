#  What every folder shares: compiler flags, libraries, where results go, and the helpers that keep
#  the folders' own files short.

find_package (PkgConfig REQUIRED)
find_package (Threads REQUIRED)
pkg_check_modules (ZMQ REQUIRED IMPORTED_TARGET libzmq>=4.3)
pkg_check_modules (MSGPACK REQUIRED IMPORTED_TARGET msgpack>=4.0)
pkg_check_modules (CZMQ REQUIRED IMPORTED_TARGET libczmq>=4.2)
pkg_check_modules (SMARTCOLS REQUIRED IMPORTED_TARGET smartcols)
pkg_check_modules (JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules (SODIUM REQUIRED IMPORTED_TARGET libsodium)
if (CADRE_STORE_SQLITE)
    pkg_check_modules (SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.35)
    pkg_check_modules (XXHASH REQUIRED IMPORTED_TARGET libxxhash>=0.8)
endif ()

find_program (CADRE_CCACHE ccache)
if (CADRE_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set (CMAKE_C_COMPILER_LAUNCHER ${CADRE_CCACHE})
endif ()

set (CMAKE_C_STANDARD 11)
set (CMAKE_C_STANDARD_REQUIRED ON)
set (CMAKE_C_EXTENSIONS ON)
set (CMAKE_C_VISIBILITY_PRESET hidden)
set (CMAKE_POSITION_INDEPENDENT_CODE ON)
set (CMAKE_EXPORT_COMPILE_COMMANDS ON)
set (CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set (CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set (CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

#  Assertions stay on in every build, so NDEBUG is never defined.
set (CMAKE_C_FLAGS_RELEASE "-O2 -g")
set (CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set (CMAKE_C_FLAGS_DEBUG "-O0 -g3")
if (NOT CMAKE_BUILD_TYPE)
    set (CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Kind of build" FORCE)
endif ()

add_compile_definitions (_GNU_SOURCE)
add_compile_options (-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
                     -Wno-format-nonliteral -fno-semantic-interposition)
add_link_options (-Wl,--as-needed)
if (CADRE_WERROR)
    add_compile_options (-Werror)
endif ()
if (CADRE_SANITIZE)
    add_compile_options (-fsanitize=${CADRE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options (-fsanitize=${CADRE_SANITIZE})
else ()
    add_compile_options (-fstack-protector-strong)
    add_link_options (-Wl,-z,relro,-z,now)
endif ()
if (CADRE_SANITIZE STREQUAL "thread")
    add_compile_options (-include ${PROJECT_SOURCE_DIR}/.cmake/tsan_zmq.h)
endif ()
if (CADRE_COVERAGE)
    add_compile_options (--coverage)
    add_link_options (--coverage)
endif ()

#  cadre.h includes headers that live in common/ and are installed beside it. Links give the tree
#  the same view, without putting all of common/ into the search path.
file (MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/include)
foreach (name cadre_error.h cadre_typed.h cadre_value.h)
    file (CREATE_LINK ${PROJECT_SOURCE_DIR}/common/${name} ${PROJECT_BINARY_DIR}/include/${name} SYMBOLIC)
endforeach ()

#  The flags, definitions and search paths of our own code.
add_library (cadre_house INTERFACE)
target_include_directories (cadre_house INTERFACE
    ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/client/include ${PROJECT_BINARY_DIR}/include)
target_compile_definitions (cadre_house INTERFACE
    CADRE_VERSION_STRING="${PROJECT_VERSION}"
    CADRE_LIBEXECDIR="${CMAKE_INSTALL_FULL_LIBEXECDIR}/cadre")

#  The layer rule is part of the build: a library is not made while an include breaks it. Where
#  there is no Python, as in the images, nobody edits the sources.
find_program (CADRE_PYTHON python3)
set (check ${PROJECT_SOURCE_DIR}/tests/lint/layers)
if (NOT CADRE_PYTHON)
    set (check ${CMAKE_COMMAND} -E true)
endif ()
file (GLOB_RECURSE layered CONFIGURE_DEPENDS common/*.[ch] broker/*.[ch] worker/*.[ch] client/*.[ch]
      tests/*.[ch])
add_custom_command (OUTPUT ${PROJECT_BINARY_DIR}/layers.stamp
    COMMAND ${check}
    COMMAND ${CMAKE_COMMAND} -E touch ${PROJECT_BINARY_DIR}/layers.stamp
    DEPENDS ${layered} ${PROJECT_SOURCE_DIR}/tests/lint/layers ${PROJECT_SOURCE_DIR}/tests/lint/source.py
    COMMENT "Checking the layers")
add_custom_target (cadre_layers DEPENDS ${PROJECT_BINARY_DIR}/layers.stamp)

#  Sources of the current folder by pattern, without the names that follow.
function (cadre_sources result)
    cmake_parse_arguments (arg "" "" "GLOB;EXCEPT" ${ARGN})
    list (TRANSFORM arg_GLOB PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    list (TRANSFORM arg_EXCEPT PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    file (GLOB sources CONFIGURE_DEPENDS ${arg_GLOB})
    if (arg_EXCEPT)
        list (REMOVE_ITEM sources ${arg_EXCEPT})
    endif ()
    set (${result} ${sources} PARENT_SCOPE)
endfunction ()

#  An internal library of the tree.
function (cadre_static_library name)
    add_library (${name} STATIC ${ARGN})
    target_link_libraries (${name} PUBLIC cadre_house)
    add_dependencies (${name} cadre_layers)
endfunction ()

#  A task plugin: NAME.so in plugins/.
function (cadre_plugin target source)
    get_filename_component (name ${source} NAME_WE)
    add_library (${target} MODULE ${source})
    target_link_libraries (${target} PRIVATE cadre_house)
    set_target_properties (${target} PROPERTIES PREFIX "" SUFFIX ".so" OUTPUT_NAME ${name}
        LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/plugins)
endfunction ()

#  A program that loads plugins offers them the functions of these headers, as libcadre does to a
#  program that embeds it. So a plugin works whether or not it was linked with libcadre, and never
#  meets a second copy. What is named by -u is taken out of the static libraries although nobody in
#  the program calls it.
set (plugin_headers client/include/cadre_function.h common/cadre_error.h common/cadre_typed.h common/cadre_value.h)
set (for_plugins)
foreach (name ${plugin_headers})
    file (STRINGS ${PROJECT_SOURCE_DIR}/${name} found REGEX "^CADRE_EXPORT .*cadre_[a-z_]+ \\(")
    list (TRANSFORM found REPLACE "^[^(]*[ *](cadre_[a-z_]+) \\(.*" "-Wl,-u,\\1")
    list (APPEND for_plugins ${found})
    set_property (DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name})
endforeach ()
list (FILTER for_plugins EXCLUDE REGEX "cadre_main")
function (cadre_loads_plugins target)
    target_link_options (${target} PRIVATE -Wl,--dynamic-list=${PROJECT_SOURCE_DIR}/client/lib/plugins.map ${for_plugins})
endfunction ()
