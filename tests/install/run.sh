#!/bin/bash
#  Installs to a scratch prefix; builds the consumer by pkg-config and by find_package, and the
#  header as C99 and C++.
set -euo pipefail
libdir=$1
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix

cmake --install "$CADRE_BUILD_DIR" --prefix "$prefix" >/dev/null
for program in bin/cadre bin/cadre-broker bin/cadre-worker libexec/cadre/cadre-slot; do
    test -x "$prefix/$program" || { echo "not installed: $program"; exit 1; }
done

export PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig
strict="-Wall -Wextra -Werror -pedantic"
gcc -std=c99 $strict $(pkg-config --cflags cadre) "$here/consumer.c" -o "$scratch/by-pkg-config" $(pkg-config --libs cadre)
LD_LIBRARY_PATH=$prefix/$libdir "$scratch/by-pkg-config"
gcc -std=c99 $strict -fsyntax-only -x c $(pkg-config --cflags cadre) - <<<'#include <cadre.h>'
for standard in c11 c17 c2x; do
    gcc -std=$standard $strict -fsyntax-only -x c $(pkg-config --cflags cadre) - <<<'#include <cadre_typed.h>'
done
nagging="$strict -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wzero-as-null-pointer-constant"
for standard in c++98 c++11 c++14 c++17 c++20 c++23; do
    g++ -std=$standard $strict -Wno-long-long -fsyntax-only -x c++ $(pkg-config --cflags cadre) - <<<'#include <cadre.h>'
    [ $standard = c++98 ] ||
        g++ -std=$standard $nagging $(pkg-config --cflags cadre) "$here/consumer.cc" -o "$scratch/in-cpp" $(pkg-config --libs cadre)
done
LD_LIBRARY_PATH=$prefix/$libdir "$scratch/in-cpp"

#  Letters that match are not complained of at any level; each mistake is, where a compiler looks.
letters () {
    local compiler=$1
    shift
    "$compiler" -std=c11 -Wall -Wextra -Wconversion -Wshadow -pedantic $(pkg-config --cflags cadre) "$@" \
        -c "$here/letters.c" -o "$scratch/letters.o"
}
for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for level in -O0 -O1 -O2 -Og; do
        letters $compiler $level -Werror
    done
    for mistake in 1 2 3 4 5 6 7; do
        said=$(letters $compiler -O1 -DWRONG=$mistake 2>&1)
        [[ $said == *'its letter says'* ]] || { echo "$compiler: mistake $mistake in letters is not seen"; exit 1; }
        letters $compiler -O1 -DWRONG=$mistake -DCADRE_UNCHECKED -Werror
    done
done

cmake -S "$here/cmake" -B "$scratch/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$scratch/build" >/dev/null
"$scratch/build/consumer"

library=$prefix/$libdir/libcadre.so.0
foreign=$(nm -D --defined-only "$library" | awk '$2 ~ /[A-Z]/ && $3 !~ /^(cadre_|CADRE_0$)/ { print $3 }')
test -z "$foreign" || { echo "exported, but not cadre_*: $foreign"; exit 1; }
needed=$(objdump -p "$library" | awk '$1 == "NEEDED" && $2 !~ /^(libzmq|libmsgpackc|libc|libpthread|libdl|libm|ld-linux.*)\.so/ { print $2 }')
test -z "$needed" || { echo "libcadre needs more than libzmq and msgpack-c: $needed"; exit 1; }
