# The CMake package: it can be moved, knows its version, and says what is missing.
. "$(dirname "$0")/stage.sh"

has cmake || skip "cmake is not here"
mv "$prefix" moved || fail "moving the installed tree"
CMAKE_PREFIX_PATH=$folder/moved
LD_LIBRARY_PATH=
PKG_CONFIG_PATH=
example=$AIGC_SOURCE/examples/embed/cmake

for kind in OFF ON; do
    run cmake -S "$example" -B "static-$kind" -DPAINTINGS_STATIC=$kind
    run cmake --build "static-$kind"
    paints "static-$kind/paintings"
done
if has ldd && ldd static-ON/paintings | grep -q libaigc; then fail "aigc::static links the shared library"; fi

# ask WORDS: of find_package, in a project of its own that links nothing
ask() {
    mkdir -p asks && printf 'cmake_minimum_required(VERSION 3.13)\nproject(asks C)\n%s\n' \
        "find_package(aigc $*)" >asks/CMakeLists.txt
    cmake -S asks -B "asks/build" "-DCMAKE_DISABLE_FIND_PACKAGE_PNG=$hides_png" >out 2>err
}
hides_png=OFF
ask 0.1.0 REQUIRED COMPONENTS shared static || fail "find_package(aigc 0.1.0)"
ask 9.0 REQUIRED && fail "find_package(aigc 9.0) is satisfied"
says 'considered but not accepted'
ask REQUIRED COMPONENTS cuda && fail "a component that does not exist is found"
says 'there is no cuda library of aigc'
hides_png=ON
ask REQUIRED || fail "without libpng's package the shared library is not found"
ask REQUIRED COMPONENTS static && fail "the static library is found without libpng"
says 'PNG::PNG'
