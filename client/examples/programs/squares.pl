#!/usr/bin/perl
# Functions in Perl for cadre.
#
#    cadre-worker --broker ADDRESS --program client/examples/programs/squares.pl
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CadreProgram;

CadreProgram::serve(
    cube => [sub { my $cube = $_[0]**3; $cube == int $cube ? int $cube : $cube }, "i", "the cube of an integer"],
    words => [sub { scalar split " ", $_[0] }, "s", "how many words a text has"],
);
