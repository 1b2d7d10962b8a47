package io.idempotent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class IdempotencyKeyTest {

    private static final int ROUNDS = 200_000;

    // what is accepted

    @ParameterizedTest
    @ValueSource(strings = {"4711", " a b ", "Ä", "\uD83D\uDE00", "a,b", "a\\", ":", "@", "'", "\u00A0b"})
    void aValueIsKeptCharByChar(String value) {
        IdempotencyKey key = new IdempotencyKey("pay", value, value);
        assertThat(key.operation()).isEqualTo("pay");
        assertThat(key.scope()).isEqualTo(value);
        assertThat(key.value()).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", " a", "\u200ba", "\u00a0\u00e4", "\ud83d\ude00", "\u2003-"})
    void aValueThatShowsAnythingIsNotBlank(String value) {
        assertThat(IdempotencyKey.isBlank(value)).isFalse();
        assertThat(IdempotencyKey.of("pay", value).value()).isEqualTo(value);
    }

    @Test
    void aKeyWithoutAScopeHasTheEmptyOne() {
        assertThat(IdempotencyKey.of("pay", "4711")).isEqualTo(new IdempotencyKey("pay", "", "4711"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "  ",
                "\u2003",
                "\u00a0",
                "\u200b",
                "\ufeff",
                "\u2060",
                "\u3000",
                "\u202f",
                "\u200e\u200f",
                "\u00ad",
                "\u061c",
                "\u180e",
                "\ufe0f",
                "\u3164",
                "\u2800",
                " \u200b\u00a0",
                "\udb40\udc20"
            })
    void aBlankValueIsRefused(String value) {
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> IdempotencyKey.of("payment-service-pay", value))
                .withMessage("Operation 'payment-service-pay' was not run: the key is blank; every call needs a key of"
                        + " 1 to 255 characters without control characters")
                .satisfies(refusal -> {
                    assertThat(refusal.operation()).isEqualTo("payment-service-pay");
                    assertThat(refusal.key()).isNull();
                });
    }

    @Test
    void aValueAndAScopeMayHave255CharactersAndNoMore() {
        String longest = "x".repeat(255);
        assertThat(new IdempotencyKey("pay", longest, longest).value()).isEqualTo(longest);
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> IdempotencyKey.of("pay", longest + "x"))
                .withMessageContaining("the key has 256 characters, at most 255");
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> new IdempotencyKey("pay", longest + "x", "4711"))
                .withMessageContaining("the scope has 256 characters, at most 255");
    }

    @ParameterizedTest
    @ValueSource(chars = {'\0', '\t', '\n', '\r', '\u001F', '\u007F', '\u0080', '\u009F'})
    void aControlCharacterIsRefusedWhereverItIs(char control) {
        for (String text : List.of(control + "ab", "a" + control + "b", "ab" + control)) {
            assertThatExceptionOfType(IdempotencyKeyException.class)
                    .isThrownBy(() -> IdempotencyKey.of("pay", text))
                    .withMessageContaining("the key has a control character at position " + text.indexOf(control));
            assertThatExceptionOfType(IdempotencyKeyException.class)
                    .isThrownBy(() -> new IdempotencyKey("pay", text, "4711"))
                    .withMessageContaining("the scope has a control character at position " + text.indexOf(control));
        }
    }

    @Test
    void aSurrogateWithoutItsPairIsRefusedWhereverItIs() {
        Map<String, Integer> positions = new HashMap<>();
        positions.put("\uD83D", 0);
        positions.put("\uDE00", 0);
        positions.put("a\uD83D", 1);
        positions.put("\uD83Da", 0);
        positions.put("\uDE00\uD83D", 0);
        positions.put("\uD83D\uD83D\uDE00", 0);
        positions.put("\uD83D\uDE00\uDE00", 2);
        positions.forEach((text, position) -> {
            assertThatExceptionOfType(IdempotencyKeyException.class)
                    .isThrownBy(() -> IdempotencyKey.of("pay", text))
                    .withMessageContaining("the key has an unpaired surrogate at position " + position);
            assertThatExceptionOfType(IdempotencyKeyException.class)
                    .isThrownBy(() -> new IdempotencyKey("pay", text, "4711"))
                    .withMessageContaining("the scope has an unpaired surrogate at position " + position);
        });
    }

    @Test
    void theNameOfAnOperationHas1To200LettersDigitsHyphensAndUnderscores() {
        assertThat(IdempotencyKey.isOperationName("Payment_service-PAY-2")).isTrue();
        assertThat(IdempotencyKey.isOperationName("x".repeat(200))).isTrue();
        for (String name :
                List.of("", "x".repeat(201), "a.b", "a b", "a:b", "a@b", "ä", "a\n", "a/b", "a[b", "a`b", "a{b")) {
            assertThat(IdempotencyKey.isOperationName(name)).as(name).isFalse();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> IdempotencyKey.of(name, "4711"))
                    .withMessageContaining("'" + name + "' is no name for an operation");
        }
    }

    // equality

    @Test
    void keysAreEqualWhenAllThreePartsAre() {
        IdempotencyKey key = new IdempotencyKey("pay", "acme", "4711");
        IdempotencyKey same = new IdempotencyKey("pay", "acme", String.valueOf(4711));
        assertThat(key).isEqualTo(same).hasSameHashCodeAs(same);
        assertThat(key).isNotEqualTo(new IdempotencyKey("refund", "acme", "4711"));
        assertThat(key).isNotEqualTo(new IdempotencyKey("pay", "acme2", "4711"));
        assertThat(key).isNotEqualTo(new IdempotencyKey("pay", "acme", "4712"));
        assertThat(key).isNotEqualTo(new IdempotencyKey("pay", "4711", "acme"));
        assertThat(key).isNotEqualTo(null).isNotEqualTo("pay@acme:4711");
    }

    @Test
    void aKeyMadeUncheckedEqualsACheckedOneAndIsCheckedWhenAsked() {
        IdempotencyKey unchecked = IdempotencyKey.unchecked("pay", "acme", "4711");
        assertThat(unchecked).isEqualTo(new IdempotencyKey("pay", "acme", "4711"));
        assertThat(unchecked).hasSameHashCodeAs(new IdempotencyKey("pay", "acme", "4711"));
        assertThatNoException().isThrownBy(unchecked::check);
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(IdempotencyKey.unchecked("pay", "", " ")::check);
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(IdempotencyKey.unchecked("pay", "a\nb", "4711")::check);
        assertThatIllegalArgumentException().isThrownBy(IdempotencyKey.unchecked("a.b", "", "4711")::check);
    }

    @Test
    void keysAreComparedWithoutFoldingOrTrimming() {
        assertThat(IdempotencyKey.of("pay", "a")).isNotEqualTo(IdempotencyKey.of("pay", "A"));
        assertThat(IdempotencyKey.of("pay", "a")).isNotEqualTo(IdempotencyKey.of("pay", "a "));
        assertThat(IdempotencyKey.of("pay", "\u00E9")).isNotEqualTo(IdempotencyKey.of("pay", "e\u0301"));
    }

    // one text for each key

    @Test
    void aKeyIsReadFromItsText() {
        for (IdempotencyKey key : List.of(
                IdempotencyKey.of("pay", "4711"),
                IdempotencyKey.of("pay", "a:b@c\\d:"),
                new IdempotencyKey("pay", "tenant:1\\@x", "4711:x"),
                new IdempotencyKey("pay", "\\:", ":"))) {
            assertThat(IdempotencyKey.parse(key.toString())).isEqualTo(key);
        }
    }

    @Test
    void aTextThatNoKeyIsWrittenAsIsRefused() {
        for (String text : List.of("", "pay", "pay@tenant", "pay@tenant\\", "pay@:4711", "pay@a\\b:4711", "p y:4711")) {
            assertThatExceptionOfType(IllegalArgumentException.class)
                    .as(text)
                    .isThrownBy(() -> IdempotencyKey.parse(text));
        }
    }

    @Test
    void theTextOfAKeyIsOperationScopeAndValue() {
        assertThat(IdempotencyKey.of("payment-service-pay", "4711")).hasToString("payment-service-pay:4711");
        assertThat(new IdempotencyKey("pay", "acme", "4711")).hasToString("pay@acme:4711");
        assertThat(new IdempotencyKey("pay", "a:b\\c", "d:e\\f")).hasToString("pay@a\\:b\\\\c:d:e\\f");
    }

    @Test
    void noTwoKeysHaveTheSameText() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        Map<String, IdempotencyKey> keys = new HashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey key = new IdempotencyKey(
                    text(random, "ab", 1, 2), text(random, "a:\\@", 0, 4), text(random, "a:\\@", 1, 4));
            IdempotencyKey other = keys.putIfAbsent(key.toString(), key);
            assertThat(other == null || other.equals(key))
                    .as("seed %s: %s and %s are both '%s'", seed, parts(key), other == null ? "" : parts(other), key)
                    .isTrue();
        }
    }

    private static List<String> parts(IdempotencyKey key) {
        return List.of(key.operation(), key.scope(), key.value());
    }

    // composite keys

    @Test
    void elementsAreJoinedByCommas() {
        assertThat(IdempotencyKey.join("pay", List.of("4711"))).isEqualTo("4711");
        assertThat(IdempotencyKey.join("pay", List.of("7", "2026-01-01"))).isEqualTo("7,2026-01-01");
        assertThat(IdempotencyKey.join("pay", List.of("a,b", "c\\"))).isEqualTo("a\\,b,c\\\\");
    }

    @Test
    void noTwoListsMakeTheSameKey() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        Map<String, List<String>> lists = new HashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            List<String> elements = new ArrayList<>();
            for (int left = 1 + random.nextInt(4); left > 0; left--) {
                elements.add(text(random, "a,\\", 1, 3));
            }
            String joined = IdempotencyKey.join("pay", elements);
            List<String> other = lists.putIfAbsent(joined, elements);
            assertThat(other == null || other.equals(elements))
                    .as("seed %s: %s and %s are both '%s'", seed, elements, other, joined)
                    .isTrue();
        }
    }

    @Test
    void aListWithoutElementsOrWithABlankOneIsRefused() {
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> IdempotencyKey.join("pay", List.of()))
                .withMessageContaining("the list that makes the key has no elements");
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> IdempotencyKey.join("pay", List.of("a", " ")))
                .withMessageContaining("element 1 of the key is blank")
                .satisfies(refusal -> assertThat(refusal.operation()).isEqualTo("pay"));
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> IdempotencyKey.join("pay", List.of("", "b")))
                .withMessageContaining("element 0 of the key is blank");
    }

    private static String text(Random random, String alphabet, int shortest, int longest) {
        StringBuilder text = new StringBuilder();
        for (int left = shortest + random.nextInt(longest - shortest + 1); left > 0; left--) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return text.toString();
    }
}
