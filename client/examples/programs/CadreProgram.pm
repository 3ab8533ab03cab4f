# Serves functions to cadre over stdin and stdout with nothing but Perl itself (see worker/PROGRAM.md). The upper half is
# msgpack; with a package for that, serve is all that is left.
package CadreProgram;
use strict;
use warnings;
use B ();

sub pack_value {    # numbers as int or float, other scalars as text
    my ($v) = @_;
    return "\xc0" unless defined $v;
    return "\xdd" . pack("N", scalar @$v) . join "", map { pack_value($_) } @$v if ref $v eq "ARRAY";
    return "\xdf" . pack("N", scalar keys %$v) . join "", map { pack_value("$_") . pack_value($v->{$_}) } keys %$v if ref $v;
    my $flags = B::svref_2object(\$v)->FLAGS;
    return $v < 0 ? "\xd3" . pack("q>", $v) : "\xcf" . pack("Q>", $v) if $flags & B::SVf_IOK && !($flags & B::SVf_POK);
    return "\xcb" . pack("d>", $v) if $flags & B::SVf_NOK && !($flags & B::SVf_POK);
    return "\xdb" . pack("N", length $v) . $v;
}

my %number = (0xca => "f>", 0xcb => "d>", 0xcc => "C", 0xcd => "n", 0xce => "N", 0xcf => "Q>", 0xd0 => "c", 0xd1 => "s>", 0xd2 => "l>", 0xd3 => "q>");
my %bytes = (0xca => 4, 0xcb => 8, 0xcc => 1, 0xcd => 2, 0xce => 4, 0xcf => 8, 0xd0 => 1, 0xd1 => 2, 0xd2 => 4, 0xd3 => 8);
my %sized = (0xc4 => "C", 0xc5 => "n", 0xc6 => "N", 0xd9 => "C", 0xda => "n", 0xdb => "N", 0xdc => "n", 0xdd => "N", 0xde => "n", 0xdf => "N");

sub unpack_value {    # takes one value from the front of the text that the reference names
    my ($in) = @_;
    my $head = ord substr $$in, 0, 1, "";
    return $head if $head < 0x80;
    return $head - 256 if $head >= 0xe0;
    return $head == 0xc0 ? undef : $head - 0xc2 if $head >= 0xc0 && $head <= 0xc3;
    return scalar unpack $number{$head}, substr $$in, 0, $bytes{$head}, "" if $number{$head};
    my $n = $head < 0xa0 ? $head & 0x0f : $head & 0x1f;
    $n = unpack $sized{$head}, substr $$in, 0, length pack($sized{$head}, 0), "" if $sized{$head};
    my $list = ($head >= 0x90 && $head < 0xa0) || $head == 0xdc || $head == 0xdd;
    return [map { unpack_value($in) } 1 .. $n] if $list;
    return {map { unpack_value($in) } 1 .. 2 * $n} if $head < 0x90 || $head >= 0xde;
    return substr $$in, 0, $n, "";
}

sub send_message { my $body = pack_value([@_]); print pack("N", length $body), $body; }

# Name => [function, types of its arguments, what it does]; returns when cadre has closed stdin.
sub serve {
    my %functions = @_;
    binmode STDIN;
    binmode STDOUT;
    $| = 1;
    send_message("cadre", 1, [map { [$_, @{$functions{$_}}[1, 2]] } sort keys %functions]);
    while (read(STDIN, my $head, 4) == 4) {
        read STDIN, my $body, unpack "N", $head;
        my ($id, $name, $arguments) = @{unpack_value(\$body)};
        my $value = eval { $functions{$name}[0]->(@$arguments) };
        $@ ? send_message($id, "error", "died", $@ =~ s/\n\z//r) : send_message($id, "ok", $value);
    }
}

1;
