package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ParametersTest {

    /** Section 3.1.2 of RFC 8941 as a regular expression: right, and not for long texts. */
    private static final Pattern PATTERN = Pattern.compile("(; *[a-z*][a-z0-9_.*-]*"
            + "(=([?][01]|:[A-Za-z0-9+/=]*:|-?[0-9]{1,15}([.][0-9]{1,3})?|[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*"
            + "|\"([ !#-\\[\\]-~]|\\\\[\"\\\\])*\"))?)*");

    private static final String[] PIECES = {
        ";",
        "; ",
        "a",
        "*",
        "b_1.-*",
        "A",
        "=",
        "?",
        "?1",
        "0",
        "-",
        "7",
        "1234567890123456",
        ".",
        ".5",
        ".1234",
        ":",
        "aGk=",
        "\"",
        "\\",
        "\\\"",
        "\\\\",
        "x y",
        "tok/en",
        "~",
        "\u007f",
        "\u00e9",
        "\u0000",
        " "
    };

    @Test
    void areWhatTheRfcSays() {
        Random random = new Random(8941);
        int wellFormed = 0;
        for (int count = 0; count < 300_000; count++) {
            StringBuilder text = new StringBuilder(random.nextInt(4) > 0 ? ";a" : "");
            for (int pieces = random.nextInt(7); pieces > 0; pieces--) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
            boolean expected = PATTERN.matcher(text).matches();
            assertThat(Parameters.areWellFormed(text.toString())).as("%s", text).isEqualTo(expected);
            wellFormed += expected ? 1 : 0;
        }
        assertThat(wellFormed).isGreaterThan(10_000);
    }

    @Test
    void mayBeAsLongAsTheyLike() {
        String text = ";a=\"" + "x".repeat(1_000_000) + "\"" + ";b".repeat(1_000_000);
        assertThat(Parameters.areWellFormed(text)).isTrue();
        assertThat(Parameters.areWellFormed(text + "!")).isFalse();
    }
}
