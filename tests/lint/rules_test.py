#!/usr/bin/env -S python3 -B
"""Each rule of the lint is red on a tree that breaks it, and green on one that does not."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


class Tree:
    """A small project in a folder of its own; its sources compile to objects as CMake would place
    them.
    """

    def __init__(self, files):
        self.folder = tempfile.TemporaryDirectory()
        self.root = self.folder.name
        self.build = os.path.join(self.root, "build")
        for path, text in files.items():
            self.write(path, text)

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def compile(self, *paths):
        for path in paths:
            top, rest = path.split("/", 1)
            target = os.path.join(self.build, top, "CMakeFiles", "all.dir", rest + ".o")
            os.makedirs(os.path.dirname(target), exist_ok=True)
            subprocess.run(["cc", "-I", self.root, "-c", "-o", target, os.path.join(self.root, path)], check=True)
        return self


def run(check, tree, *words):
    """(exit code, what it printed)"""
    done = subprocess.run([sys.executable, "-B", os.path.join(HERE, check), *words, tree.root],
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


class Rules(unittest.TestCase):
    def tree(self, files):
        tree = Tree(files)
        self.addCleanup(tree.folder.cleanup)
        return tree

    def red(self, text, check, tree, *words):
        code, said = run(check, tree, *words)
        self.assertIn(text, said)
        self.assertEqual(code, 1)

    def green(self, check, tree, *words):
        code, said = run(check, tree, *words)
        self.assertEqual(code, 0, said)


class Layers(Rules):
    def test_a_tree_that_keeps_the_order(self):
        tree = self.tree({"common/a.h": "void a (void);\n", "common/a.c": '#include "common/a.h"\nvoid a (void) { }\n',
                     "worker/b.c": '#include "common/a.h"\nvoid b (void) { a (); }\n'})
        self.green("layers", tree)
        tree.compile("common/a.c", "worker/b.c")
        self.green("layers", tree, "--objects", tree.build)

    def test_an_include_against_the_order(self):
        tree = self.tree({"worker/b.h": "", "common/a.c": '#include "worker/b.h"\n'})
        self.red('common/a.c:1: may not include "worker/b.h"', "layers", tree)

    def test_an_include_that_is_no_file(self):
        self.red('"common/b.h" is no file', "layers", self.tree({"common/a.c": '#include "common/b.h"\n'}))

    def test_the_api_below_the_client(self):
        self.red("may not include <cadre.h>", "layers", self.tree({"common/a.c": "#include <cadre.h>\n"}))

    def test_includes_that_form_a_circle(self):
        tree = self.tree({"common/a.h": '#include "common/b.h"\n', "common/b.h": '#include "common/a.h"\n'})
        self.red("includes form a circle: common/a.h common/b.h", "layers", tree)

    def test_a_call_against_the_order(self):
        tree = self.tree({"worker/b.c": "void b (void) { }\n", "common/a.c": "void b (void); void a (void) { b (); }\n"})
        tree.compile("common/a.c", "worker/b.c")
        self.red("common/a.c: may not call b of worker/b.c", "layers", tree, "--objects", tree.build)

    def test_a_command_that_calls_more_than_the_api(self):
        tree = self.tree({"client/lib/pool.c": "void cadre_open (void) { } void pool_new (void) { }\n",
                          "client/cli/main.c": "void cadre_open (void); int main (void) { cadre_open (); }\n"})
        tree.compile("client/lib/pool.c", "client/cli/main.c")
        self.green("layers", tree, "--objects", tree.build)
        tree.write("client/cli/main.c", "void pool_new (void); int main (void) { pool_new (); }\n")
        tree.compile("client/cli/main.c")
        self.red("client/cli/main.c: may not call pool_new of client/lib/pool.c", "layers", tree, "--objects", tree.build)

    def test_a_command_that_includes_more_than_the_api(self):
        tree = self.tree({"client/lib/pool.h": "", "client/cli/base/pulse.h": '#include "client/lib/pool.h"\n'})
        self.red('client/cli/base/pulse.h:1: may not include "client/lib/pool.h"', "layers", tree)

    def test_calls_that_form_a_circle(self):
        tree = self.tree({"common/a.c": "void b (void); void a (void) { b (); }\n",
                     "common/b.c": "void a (void); void b (void) { a (); }\n"})
        tree.compile("common/a.c", "common/b.c")
        self.red("calls form a circle: common/a.c common/b.c", "layers", tree, "--objects", tree.build)

    def test_folders_that_form_a_circle(self):
        tree = self.tree({"worker/a.h": '#include "worker/slots/b.h"\n', "worker/slots/b.h": "",
                          "worker/slots/c.h": '#include "worker/d.h"\n', "worker/d.h": ""})
        self.red("folders form a circle: worker worker/slots", "layers", tree)

    def test_a_source_without_an_object(self):
        tree = self.tree({"common/a.c": "void a (void) { }\n", "common/b.c": ""}).compile("common/a.c")
        self.red("common/b.c: has no object", "layers", tree, "--objects", tree.build)

    def test_nothing_to_look_at(self):
        self.red("looked at no files", "layers", self.tree({}))
        tree = self.tree({"tests/a.c": ""})
        self.red("looked at no objects", "layers", tree, "--objects", tree.build)


class Paths(Rules):
    def test_paths_that_are_there(self):
        self.green("paths", self.tree({"ARCHITECTURE.md": "`common/a.c`\n", "common/a.c": ""}))

    def test_a_path_that_is_gone(self):
        tree = self.tree({"ARCHITECTURE.md": "\n`common/a.c` | broker/x\n"})
        self.red("ARCHITECTURE.md:2: there is no common/a.c", "paths", tree)

    def test_nothing_to_look_at(self):
        self.red("looked at no paths", "paths", self.tree({"ARCHITECTURE.md": ""}))

    def test_a_unit_test_outside_the_folders_of_the_product(self):
        page = {"ARCHITECTURE.md": "`broker/a.c`\n", "broker/a.c": ""}
        self.green("paths", self.tree({**page, "tests/unit/broker/a_test.c": ""}))
        for path in "tests/unit/a_test.c", "tests/unit/broker/queue/a_test.c":
            self.red(f"{path}: is in no folder", "paths", self.tree({**page, path: ""}))


class Names(Rules):
    def test_functions_in_their_files(self):
        tree = self.tree({"common/job.c": "void job_new (void) { }\n",
                          "common/job_add.c": "void job_add_one (void) { }\n"})
        tree.compile("common/job.c", "common/job_add.c")
        self.green("names", tree, tree.build)

    def test_a_function_in_the_wrong_file(self):
        tree = self.tree({"common/job.c": "void job_add_one (void) { }\n", "common/job_add.c": "void other (void) { }\n"})
        tree.compile("common/job.c", "common/job_add.c")
        self.red("common/job.c: job_add_one is not", "names", tree, tree.build)
        self.red("common/job_add.c: other is not", "names", tree, tree.build)

    def test_a_static_name_in_many_files(self):
        files = {f"common/{name}.c": f"static void s_find (void) {{ }}\nvoid {name} (void) {{ s_find (); }}\n"
                 for name in "abc"}
        tree = self.tree(files).compile(*files)
        self.green("names", tree, tree.build)
        tree = self.tree({**files, "common/d.c": files["common/a.c"].replace("a (void) {", "d (void) {")})
        tree.compile("common/d.c")
        self.red("s_find is in 4 files", "names", tree, tree.build)

    def test_nothing_to_look_at(self):
        tree = self.tree({})
        self.red("looked at no symbols", "names", tree, tree.build)


class LogNumbers(Rules):
    LINE = 'log_line (LOG_INFO, "B001", "it %s");\n'

    def test_a_number_that_is_known(self):
        self.green("log_numbers", self.tree({"broker/a.c": self.LINE, "tests/lint/log_numbers.txt": "B001 it %s\n"}))

    def test_a_number_that_is_new(self):
        self.red("B001 is new", "log_numbers", self.tree({"broker/a.c": self.LINE, "tests/lint/log_numbers.txt": ""}))

    def test_a_number_whose_text_has_changed(self):
        tree = self.tree({"broker/a.c": self.LINE, "tests/lint/log_numbers.txt": "B001 they %s\n"})
        self.red("B001 was 'they %s'", "log_numbers", tree)

    def test_a_number_that_is_used_twice(self):
        tree = self.tree({"broker/a.c": self.LINE, "worker/b.c": self.LINE, "tests/lint/log_numbers.txt": "B001 it %s\n"})
        self.red("used in broker/a.c for another message", "log_numbers", tree)

    def test_nothing_to_look_at(self):
        self.red("looked at no numbers", "log_numbers", self.tree({"tests/lint/log_numbers.txt": ""}))


class Columns(Rules):
    def test_a_hundred_columns(self):
        self.green("columns", self.tree({"common/a.c": "//" + 98 * "x" + "\n"}))

    def test_a_wide_line(self):
        self.red("common/a.c:1: 101 columns", "columns", self.tree({"common/a.c": "// " + 98 * "x" + "\n"}))
        self.red("common/a.c:2: 101", "columns", self.tree({"common/a.c": "\nint a; // " + 91 * "x" + "\n"}))
        self.red("README.md:1: 103", "columns", self.tree({"README.md": 51 * "x " + "x\n"}))

    def test_what_cannot_be_broken(self):
        self.green("columns", self.tree({"README.md": "| " + 120 * "x" + " |\n\n    " + 120 * "x",
                                         "common/a.c": f'    "{120 * "x"}",\n'}))

    def test_nothing_to_look_at(self):
        self.red("looked at no files", "columns", self.tree({}))


if __name__ == "__main__":
    unittest.main()
