# Sourced by examples/quickstart.sh and tests/run.sh, with $root set: finds out what is missing on this
# machine, installs it with the system's package manager and builds.
#
#   setup_options "$@"        takes -y
#   setup_require "$table"    stops unless everything in the table is there in the end
#   setup_wish "$table"       says loudly what could not be had, and goes on
#   setup_build FOLDER ...    a meson build of $root there, all of it or $setup_targets; further words go to meson

# What it is, how to find it (a command; pc: a pkg-config module, by any of its names; py: a Python module; links: what
# a compiler can link), and its packages by manager; a comma joins several packages or names, - is none.
setup_build_needs='
compiler    cc          gcc,libc6-dev   gcc              gcc           gcc,musl-dev       gcc               -
meson       meson       meson           meson            meson         meson              meson             meson
ninja       ninja       ninja-build     ninja-build      ninja         ninja-build        ninja             ninja
pkg-config  pkg-config  pkg-config      pkgconf-pkg-config pkgconf     pkgconf            pkg-config        pkgconf
zlib        pc:zlib     zlib1g-dev      zlib-devel       zlib          zlib-dev           zlib-devel        zlib
libpng      pc:libpng   libpng-dev      libpng-devel     libpng        libpng-dev         libpng16-devel    libpng
jansson     pc:jansson  libjansson-dev  jansson-devel    jansson       jansson-dev        libjansson-devel  jansson
libjpeg     pc:libjpeg  libjpeg-dev     libjpeg-turbo-devel libjpeg-turbo libjpeg-turbo-dev libjpeg8-devel  jpeg-turbo
libzip      pc:libzip   libzip-dev      libzip-devel     libzip        libzip-dev         libzip-devel      libzip
'

setup_say() { printf '%s\n' "$*"; }

setup_stop() {
    printf '%s\n' "$*" >&2
    exit 1
}

setup_yes=no
setup_options() {
    for setup_word in "$@"; do
        case $setup_word in
        -y) setup_yes=yes ;;
        *) setup_stop "use: sh $0 [-y]    (-y installs what is missing without asking)" ;;
        esac
    done
}

# The manager and the column of the tables that holds its packages.
setup_manager=none
setup_column=0
setup_find_manager() {
    setup_column=3
    for setup_manager in apt-get dnf pacman apk zypper brew; do
        command -v "$setup_manager" >/dev/null 2>&1 && return 0
        setup_column=$((setup_column + 1))
    done
    setup_manager=none
    return 1
}

setup_links() { printf '%s\n' "$1" | "$2" "$3" -x c - -o /dev/null >/dev/null 2>&1; }

setup_has_module() {
    command -v pkg-config >/dev/null 2>&1 || return 1
    for setup_module in $(printf '%s' "$1" | tr ',' ' '); do
        pkg-config --exists "$setup_module" && return 0
    done
    return 1
}

setup_has() {
    case $1 in
    links:fuzzer) setup_links 'int LLVMFuzzerTestOneInput(const char *d, long n) { return d == 0 && n; }' clang -fsanitize=fuzzer ;;
    links:sanitizers)
        setup_links 'int main(void) { return 0; }' gcc -fsanitize=address,undefined &&
            setup_links 'int main(void) { return 0; }' gcc -fsanitize=thread ;;
    pc:*) setup_has_module "${1#pc:}" ;;
    py:*) python3 -c "import ${1#py:}" 2>/dev/null || /usr/bin/python3 -c "import ${1#py:}" 2>/dev/null ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# Sets setup_missing (what) and setup_packages from a table.
setup_look() {
    setup_missing=
    setup_packages=
    while read -r setup_what setup_probe setup_rest; do
        [ -n "$setup_what" ] || continue
        setup_has "$setup_probe" && continue
        setup_missing="$setup_missing $setup_what"
        setup_package=$(printf '%s %s %s\n' "$setup_what" "$setup_probe" "$setup_rest" |
            awk -v c="$setup_column" '{ print $c }' | tr ',' ' ')
        [ "$setup_package" = - ] || setup_packages="$setup_packages $setup_package"
    done <<END
$1
END
}

# Runs as the user who may install; asks for nothing if that is us.
setup_as_root() {
    if [ "$setup_manager" = brew ] || [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    elif command -v doas >/dev/null 2>&1; then
        doas "$@"
    else
        setup_say "neither sudo nor doas is here; as root, run: $*" >&2
        return 1
    fi
}

setup_refreshed=no
setup_install() {
    case $setup_manager in
    apt-get)
        if [ "$setup_refreshed" = no ]; then
            setup_refreshed=yes
            setup_as_root apt-get update -qq || true
        fi
        setup_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ;;
    dnf) setup_as_root dnf install -y -q "$@" ;;
    pacman) setup_as_root pacman -Sy --needed --noconfirm "$@" ;;
    apk) setup_as_root apk add --no-cache "$@" ;;
    zypper) setup_as_root zypper --non-interactive install "$@" ;;
    brew) brew install "$@" ;;
    *) return 1 ;;
    esac
}

# Whether we may install $setup_packages.
setup_agreed() {
    if [ "$setup_yes" = yes ] || [ "$(id -u)" = 0 ]; then return 0; fi
    [ -t 0 ] || return 1
    printf 'Missing:%s. Install%s with %s? [Y/n] ' "$setup_missing" "$setup_packages" "$setup_manager"
    read -r setup_answer
    case $setup_answer in
    '' | y* | Y*) return 0 ;;
    *) return 1 ;;
    esac
}

setup_log=/dev/null
setup_require() {
    setup_find_manager || setup_column=3
    setup_look "$1"
    [ -n "$setup_missing" ] || return 0
    [ "$setup_manager" != none ] ||
        setup_stop "missing:$setup_missing. No known package manager is here; on Debian the packages are:$setup_packages"
    setup_agreed || setup_stop "missing:$setup_missing. With -y this script installs:$setup_packages"
    setup_say "installing:$setup_packages"
    # shellcheck disable=SC2086
    setup_install $setup_packages >>"$setup_log" 2>&1 || tail -n 8 "$setup_log" >&2
    setup_look "$1"
    [ -z "$setup_missing" ] || setup_stop "still missing:$setup_missing. The packages are:$setup_packages"
}

setup_wish() {
    setup_look "$1"
    if [ -n "$setup_packages" ] && [ "$setup_manager" != none ] && setup_agreed; then
        setup_say "installing:$setup_packages"
        for setup_package in $setup_packages; do
            setup_install "$setup_package" >>"$setup_log" 2>&1 || true
        done
        setup_look "$1"
    fi
    for setup_what in $setup_missing; do
        setup_say "WITHOUT $setup_what: it is not on this machine and could not be installed" >&2
    done
}

setup_targets=
setup_build() {
    setup_folder=$1
    shift
    if [ ! -f "$setup_folder/build.ninja" ]; then
        meson setup "$setup_folder" "$root" "$@" || return 1
    fi
    # shellcheck disable=SC2086
    ninja -C "$setup_folder" $setup_targets
}
