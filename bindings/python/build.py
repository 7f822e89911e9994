#!/usr/bin/python3
"""Builds the extension of the package libcentrifuge from the installed headers and library, which pkg-config finds.

    bindings/python/build.py [FOLDER]    FOLDER gets the package (default: build/python)

The declarations are the compiler's reading of the headers, so that no line of them is here a second time, and the layout of each struct is
the compiler's own. CC and CFLAGS count.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import cffi

HERE = pathlib.Path(__file__).resolve().parent
INCLUDES = '#include <centrifuge/client.h>\n#include <centrifuge/backend.h>\n'
# Functions that cffi calls Python by: one for each event, and these.
CALLBACKS = '''
extern "Python" void py_done(centrifuge_subscription *, const centrifuge_result *, void *);
extern "Python" void py_drained(centrifuge_client *, const centrifuge_drained_event *, void *);
extern "Python" void py_authorize(centrifuge_client *, centrifuge_request, centrifuge_bytes, void *);
extern "Python" void py_refresh(centrifuge_client *, centrifuge_request, void *);
'''


def pkg_config(what):
    return shlex.split(subprocess.check_output(['pkg-config', what, 'libcentrifuge'], text=True))


def declarations(flags):
    """The headers' alone: what is the standard's own, cffi has."""
    with tempfile.TemporaryDirectory() as empty:
        for name in ('stdbool', 'stddef', 'stdint'):
            pathlib.Path(empty, name + '.h').touch()
        command = shlex.split(os.environ.get('CC', 'cc')) + ['-E', '-P', '-nostdinc', '-I' + empty, *flags, '-']
        text = subprocess.run(command, input=INCLUDES, text=True, check=True, stdout=subprocess.PIPE).stdout
    return text.replace('__attribute__((visibility("default")))', '')


def events(text):
    """A function of Python for each event in the two structs of them."""
    made = []
    for kind in ('client', 'subscription'):
        [members] = re.findall(r'typedef struct centrifuge_%s_events \{(.*?)\}' % kind, text, re.S)
        made += [f'extern "Python" void py_{kind}_{name}({arguments});'
                 for name, arguments in re.findall(r'\(\*(\w+)\)\((.*?)\);', members, re.S) if name != 'drop']
    return '\n'.join(made) + CALLBACKS


def build(folder):
    flags, libraries = pkg_config('--cflags'), pkg_config('--libs')
    text = declarations(flags)
    ffi = cffi.FFI()
    ffi.cdef(text + events(text))
    ffi.set_source('libcentrifuge._core', INCLUDES, extra_compile_args=flags,
                   extra_link_args=libraries)
    package = pathlib.Path(folder, 'libcentrifuge')
    shutil.copytree(HERE / 'libcentrifuge', package, dirs_exist_ok=True, ignore=shutil.ignore_patterns('__pycache__'))
    ffi.compile(tmpdir=str(folder))
    print(f'The package is in {package}; put {folder} into PYTHONPATH')


if __name__ == '__main__':
    build(sys.argv[1] if len(sys.argv) > 1 else 'build/python')
