package io.idempotent.codec;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalJsonTest {

    private static ByteBuffer of(String json) {
        return CanonicalJson.of(ByteBuffer.wrap(json.getBytes(UTF_8)));
    }

    @ParameterizedTest
    @CsvSource({
        "0,0",
        "-0,0",
        "0.00,0",
        "-0e-5,0",
        "1,1",
        "1.0,1",
        "1e0,1",
        "10e-1,1",
        "0.1E1,1",
        "-1.50,-15e-1",
        "100,1e2",
        "1E+2,1e2",
        "0.001e5,1e2",
        "0.010,1e-2",
        "12345678901234567890.5,123456789012345678905e-1",
        "1e-99999999999,1e-99999999999",
        "10e999999999999999999999,1e1000000000000000000000"
    })
    void allNumbersOfOneValueAreOne(String number, String canonical) {
        assertThat(of(number)).isEqualTo(ByteBuffer.wrap(canonical.getBytes(UTF_8)));
    }

    @Test
    void theMeaningOfAnObjectIsThis() {
        assertThat(UTF_8.decode(of("{\"b\":[1.50,null,true,false,\"\\u0000\\/\"], \"a\":{\"\":\"\\u00fc€\"}}"))
                        .toString())
                .isEqualTo("{\"a\":{\"\":\"ü€\"},\"b\":[15e-1,null,true,false,\"\\u0000/\"]}");
    }

    @Test
    void theOrderOfMembersSaysNothingHoweverManyThereAre() {
        List<String> members = new ArrayList<>(IntStream.range(0, 20_000)
                .mapToObj(index -> "\"n" + index + "\":{\"a\":" + index + ",\"b\":\"" + index + "\"}")
                .toList());
        String one = "{" + String.join(",", members) + "}";
        Collections.shuffle(members, new Random(1));
        assertThat(of("{ " + String.join(" , ", members) + "}")).isEqualTo(of(one));
        assertThat(of(one.replace("\"a\":17,", "\"a\":18,"))).isNotEqualTo(of(one));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "{}{}",
                "{\"a\":1,\"a\":1}",
                "{\"b\":1,\"a\":1,\"b\":1}",
                "[{\"b\":{\"\\u0061\":1,\"a\":2}}]",
                "{\"a\\\"\":1,\"a\\u0022\":1}",
                "01",
                "+1",
                "NaN",
                "'a'",
                "\"\uFEFF",
                "[1,]"
            })
    void whatIsNoJsonOrMeansTwoThingsMeansNothing(String text) {
        assertThat(of(text)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\":1,\"ab\":1}",
                "{\"a\\\"\":1,\"a\\\"b\":1}",
                "{\"a\\\\\":1,\"a\":1}",
                "{\"\":1,\"\\\\\":1}",
                "{\"a\\n\":1,\"a\\t\":1}",
                "{\"a\":{\"a\":1}}",
                "[{\"a\":1},{\"a\":1}]"
            })
    void namesThatBeginAlikeAreSeveral(String text) {
        assertThat(of(text)).isNotNull();
    }

    @Test
    void whatIsInAnotherEncodingMeansNothing() {
        for (var charset : List.of(StandardCharsets.UTF_16, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
            assertThat(CanonicalJson.of(ByteBuffer.wrap("{\"a\":1}".getBytes(charset))))
                    .isNull();
        }
    }

    /**
     * Numbers are never made of their digits, depth has an end, and what is written is hardly longer than what was
     * read.
     */
    @Test
    void hostileJsonTakesLittleTimeAndSpace() {
        int size = 1_000_000;
        char[] open = new char[size];
        Arrays.fill(open, '[');
        List<String> hostile = List.of(
                new String(open),
                "[" + "1e999999999,".repeat(size / 12) + "1]",
                "[" + "1,".repeat(size / 2) + "1]",
                "[" + "\"\",".repeat(size / 3) + "1]",
                "[" + "{},".repeat(size / 3) + "1]",
                "1" + "0".repeat(size),
                "\"" + "\\u0000".repeat(size / 6) + "\"",
                "\"" + "😀".repeat(size / 4) + "\"",
                "{"
                        + IntStream.range(0, size / 10)
                                .mapToObj(index -> "\"" + Integer.toString(size - index, 36) + "\":1")
                                .reduce(
                                        new StringBuilder("\"\":1"),
                                        (all, member) -> all.append(',').append(member),
                                        (a, b) -> a)
                        + "}");
        Assertions.assertTimeout(Duration.ofSeconds(20), () -> {
            for (String json : hostile) {
                ByteBuffer meaning = of(json);
                if (meaning != null) {
                    assertThat(meaning.remaining()).isLessThanOrEqualTo(json.getBytes(UTF_8).length);
                }
            }
        });
    }
}
