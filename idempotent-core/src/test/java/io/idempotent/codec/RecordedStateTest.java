package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonAnySetter;
import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonIdentityInfo;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.annotation.ObjectIdGenerators;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonPOJOBuilder;
import tools.jackson.databind.annotation.JsonSerialize;

/** What an object holds is recorded and comes back, however it shows it; what cannot come back is not replayed. */
@SuppressWarnings({"ClassCanBeStatic", "DoNotCallSuggester", "JavaUtilDate", "UnusedVariable"
}) // The cases are such classes.
class RecordedStateTest {

    private static final String SECRET = "top-secret-4711";

    private final JacksonOutcomeCodec codec = JacksonOutcomeCodec.create();

    // All of it is recorded

    @Test
    void aCollectionInAFinalFieldComesBack() {
        Cart cart = new Cart();
        cart.setId("1");
        cart.getItems().add("book");

        assertThat(replayed(cart).getItems()).containsExactly("book");
    }

    @Test
    void aFinalFieldThatAConstructorSetsComesBack() {
        Stamped stamped = new Stamped();

        assertThat(replayed(stamped).getAt()).isEqualTo(stamped.getAt());
    }

    @Test
    void aFieldThatIsNamedUnlikeItsGetterComesBack() {
        OtherNames other = new OtherNames("n", List.of("a"));
        OtherNames replayed = replayed(other);

        assertThat(replayed.getName()).isEqualTo("n");
        assertThat(replayed.getItems()).containsExactly("a");
    }

    @Test
    void aFieldWithoutAGetterComesBack() {
        assertThat(replayed(new Reticent(SECRET)).told()).isEqualTo(SECRET);
    }

    @Test
    void aFieldOfWhichAGetterShowsAPartComesBackWhole() {
        assertThat(replayed(new Masked("4111111111111111")).number).isEqualTo("4111111111111111");
    }

    @Test
    void whatIsOnlyToBeWrittenAndWhatIsOnlyToBeReadComeBack() {
        Card card = new Card();
        card.id = "1";
        card.number = "4111";

        assertThat(replayed(card).id).isEqualTo("1");
        assertThat(replayed(card).number).isEqualTo("4111");
    }

    @Test
    void whatAnAnnotationLeavesOutForItsValueComesBack() {
        Sparse sparse = new Sparse();
        sparse.currency = null;
        sparse.items = new ArrayList<>();
        sparse.names = new LinkedHashMap<>();
        sparse.names.put("a", null);
        Sparse replayed = replayed(sparse);

        assertThat(replayed.currency).isNull();
        assertThat(replayed.items).isEmpty();
        assertThat(replayed.names).containsOnlyKeys("a");
    }

    @Test
    void whatAnAnnotationFormatsComesBackWhole() {
        Formatted formatted = new Formatted(
                LocalDateTime.of(2026, 1, 2, 3, 4, 5, 6), new BigDecimal("12.345"), new Date(1_234_567_890_123L));

        assertThat(replayed(formatted)).isEqualTo(formatted);
    }

    @Test
    void fieldsThatAClassHidesFromOthersComeBack() {
        assertThat(replayed(new Hidden("x")).told()).isEqualTo("x");
    }

    @Test
    void whatASuperclassHoldsComesBack() {
        assertThat(replayed(new Derived("base", "own")).told()).isEqualTo("base own");
    }

    @Test
    void whatIsMadeByACreatorOrABuilderComesBack() {
        assertThat(replayed(Money.of(new BigDecimal("12.50"))).cents).isEqualTo(1250);
        assertThat(replayed(Built.builder().withName("a").build()).name).isEqualTo("a");
        assertThat(replayed(new Whole(new Id("a"), new Address("Main", "X"))).toString())
                .isEqualTo(new Whole(new Id("a"), new Address("Main", "X")).toString());
    }

    @Test
    void membersWithoutAPropertyComeBack() {
        Extensible extensible = new Extensible();
        extensible.name = "n";
        extensible.put("k", "v");

        assertThat(replayed(extensible).extra).isEqualTo(Map.of("k", "v"));
    }

    @Test
    void objectsThatPointAtEachOtherComeBack() {
        Linked one = new Linked();
        Linked two = new Linked();
        one.id = 1;
        two.id = 2;
        one.other = two;
        two.other = one;
        Linked replayed = replayed(one);

        assertThat(Objects.requireNonNull(replayed.other).other).isSameAs(replayed);
    }

    @Test
    void setsAndMapsComeBackWhateverTheirOrder() {
        for (int size : List.of(1, 20, 300)) {
            HashSet<Reticent> set = new HashSet<>();
            HashMap<String, HashSet<String>> map = new HashMap<>();
            HashSet<String> texts = new HashSet<>(4 * size);
            for (int index = 0; index < size; index++) {
                set.add(new Reticent("r" + index));
                texts.add("Aa" + index);
                texts.add("BB" + index);
                map.put("k" + index, texts);
            }
            Unordered unordered = new Unordered(set, map, texts);
            assertThat(replayed(unordered).map).isEqualTo(map);
        }
    }

    @Test
    void whatIsOnlyComputedIsNotRecorded() {
        Computing computing = new Computing();
        computing.price = BigDecimal.TEN;

        assertThat(text(computing)).endsWith("{\"price\":10}");
        assertThat(replayed(computing).price).isEqualTo(BigDecimal.TEN);
    }

    // What would come back as something else is not replayed, and the reason says where

    @Test
    void aSubclassOfTheDeclaredClassIsNotReplayable() {
        assertThat(reason(new Holder(List.of(new Special("a"))), Holder.class))
                .contains("'plain[0]'")
                .contains(Special.class.getName())
                .contains("read as " + Plain.class.getName());
    }

    @Test
    void aSetWhereAListIsReadIsNotReplayable() {
        assertThat(reason(new Collected(Set.of(SECRET)), Collected.class)).contains("'all'");
        assertThat(reason(new Collected(new TreeSet<>(Set.of(SECRET))), Collected.class))
                .contains("'all'");
    }

    @Test
    void whatASerializerShortensIsNotReplayable() {
        assertThat(reason(new Shortened(SECRET), Shortened.class)).contains("'text'");
        assertThat(reason(new Deep(Map.of(SECRET, List.of(new Shortened(SECRET)))), Deep.class))
                .contains("'map[*][0].text'");
    }

    @Test
    void whatCannotBeReadBackIsNotReplayable() {
        assertThat(reason(new Demanding(null), Demanding.class))
                .contains("could not be read back")
                .contains(Demanding.class.getName());
    }

    @Test
    void whatAnObjectDerivesAndDoesNotSetIsComparedToo() {
        assertThat(reason(new Counting(), Counting.class)).contains("'count'");
    }

    @Test
    void anAccessorOfARecordThatShowsAPartIsNotReplayable() {
        assertThat(reason(new MaskedRecord("4111111111111111"), MaskedRecord.class))
                .contains("'number'");
    }

    @Test
    void theStateOfAFailureBeyondItsMessageIsNotReplayable() {
        OutcomeType type = new OutcomeType(void.class, List.of(Coded.class, Prefixed.class));

        assertThat(codec.encode(new Outcome.Failure(new Coded("m")), type)).isInstanceOf(RecordedOutcome.Encoded.class);
        assertThat(((RecordedOutcome.NotReplayable) codec.encode(new Outcome.Failure(new Coded("m", SECRET)), type))
                        .reason())
                .contains("'code'")
                .doesNotContain(SECRET);
        assertThat(((RecordedOutcome.NotReplayable) codec.encode(new Outcome.Failure(new Prefixed(SECRET)), type))
                        .reason())
                .contains("changes the message")
                .doesNotContain(SECRET);
    }

    // Startup

    @Test
    void whatNoConstructorMakesAgainIsRefusedWithItsWay() {
        assertRefused(Inner.class, "no constructor makes it again");
        assertRefused(HoldsInner.class, "'inner'");
        assertRefused(Unmakeable.class, "no constructor makes it again");
        assertRefused(new TypeReference<java.util.AbstractMap.SimpleEntry<String, String>>() {}.getType(), "again");
    }

    @Test
    void whatWouldHideAnotherFieldIsRefused() {
        assertRefused(Shadowing.class, "'name'");
    }

    @Test
    void whatAnElementIsNotIsRefused() {
        assertRefused(Basket.class, "'owner'");
    }

    @Test
    void whatCannotBeContentIsRefusedWhereverItIsHeld() {
        assertRefused(Locked.class, "'lock'");
    }

    @Test
    void whatATypeKeepsOutItselfIsSaid() {
        assertThat(codec.remarks(OutcomeType.of(new TypeReference<List<Optional<Forgetful>>>() {}.getType())))
                .singleElement()
                .asString()
                .contains("'password'")
                .contains(Forgetful.class.getName());
        assertThat(replayed(new Forgetful("n", SECRET)).password).isNull();
    }

    @Test
    void whatIsRecordedThoughAnAnnotationHidesItElsewhereIsSaid() {
        assertThat(codec.remarks(OutcomeType.of(Card.class)))
                .singleElement()
                .asString()
                .contains("'number'")
                .contains("@JsonIgnore");
    }

    @Test
    void nothingIsSaidOfTypesThatKeepNothingOut() {
        for (Type type : List.of(
                Cart.class,
                OtherNames.class,
                Money.class,
                Extensible.class,
                Linked.class,
                Computing.class,
                void.class)) {
            assertThat(codec.remarks(OutcomeType.of(type))).isEmpty();
        }
    }

    @SuppressWarnings("unchecked") // The codec gives what it was given.
    private <T> T replayed(T value) {
        OutcomeType type = OutcomeType.of(value.getClass());
        codec.check(type);
        RecordedOutcome recorded = codec.encode(new Outcome.Value(value), type);
        assertThat(recorded).isInstanceOf(RecordedOutcome.Encoded.class);
        return (T) ((Outcome.Value) codec.decode(recorded, type)).value();
    }

    private String text(Object value) {
        RecordedOutcome recorded = codec.encode(new Outcome.Value(value), OutcomeType.of(value.getClass()));
        return new String(((RecordedOutcome.Encoded) recorded).content(), java.nio.charset.StandardCharsets.UTF_8);
    }

    private String reason(Object value, Type type) {
        codec.check(OutcomeType.of(type));
        RecordedOutcome recorded = codec.encode(new Outcome.Value(value), OutcomeType.of(type));
        assertThat(recorded).isInstanceOf(RecordedOutcome.NotReplayable.class);
        String reason = ((RecordedOutcome.NotReplayable) recorded).reason();
        assertThat(reason).doesNotContain(SECRET);
        return reason;
    }

    private void assertRefused(Type type, String part) {
        assertThatThrownBy(() -> codec.check(OutcomeType.of(type)))
                .isInstanceOf(IdempotencyConfigurationException.class)
                .hasMessageContaining(part);
    }

    static final class Cart {

        private @Nullable String id;

        private final List<String> items = new ArrayList<>();

        public @Nullable String getId() {
            return id;
        }

        public void setId(String id) {
            this.id = id;
        }

        public List<String> getItems() {
            return items;
        }
    }

    static final class Stamped {

        private final Instant at = Instant.now();

        public Instant getAt() {
            return at;
        }
    }

    static final class OtherNames {

        private String n = "";

        private final List<String> lines = new ArrayList<>();

        OtherNames() {}

        OtherNames(String name, List<String> items) {
            n = name;
            lines.addAll(items);
        }

        public String getName() {
            return n;
        }

        public List<String> getItems() {
            return List.copyOf(lines);
        }
    }

    static final class Reticent {

        private String text = "";

        Reticent() {}

        Reticent(String text) {
            this.text = text;
        }

        String told() {
            return text;
        }
    }

    static final class Masked {

        private String number = "";

        Masked() {}

        Masked(String number) {
            this.number = number;
        }

        public String getNumber() {
            return "**** " + number.substring(number.length() - 4);
        }

        public void setNumber(String number) {
            this.number = number;
        }
    }

    static final class Card {

        @JsonProperty(access = JsonProperty.Access.READ_ONLY)
        private @Nullable String id;

        @JsonProperty(access = JsonProperty.Access.WRITE_ONLY)
        private @Nullable String number;
    }

    @JsonInclude(value = JsonInclude.Include.NON_EMPTY, content = JsonInclude.Include.NON_NULL)
    static final class Sparse {

        private @Nullable String currency = "EUR";

        private List<String> items = List.of("default");

        private Map<String, @Nullable String> names = Map.of();
    }

    record Formatted(
            @JsonFormat(pattern = "yyyy-MM-dd") LocalDateTime at,

            @JsonFormat(shape = JsonFormat.Shape.STRING, pattern = "0.0")
            BigDecimal amount,

            @JsonFormat(pattern = "yyyy-MM-dd", timezone = "Asia/Tokyo")
            Date date) {}

    @JsonAutoDetect(
            fieldVisibility = JsonAutoDetect.Visibility.NONE,
            getterVisibility = JsonAutoDetect.Visibility.PUBLIC_ONLY)
    static final class Hidden {

        private String text = "";

        Hidden() {}

        Hidden(String text) {
            this.text = text;
        }

        String told() {
            return text;
        }
    }

    static class Base {

        private final String base;

        Base() {
            this("");
        }

        Base(String base) {
            this.base = base;
        }

        String told() {
            return base;
        }
    }

    static final class Derived extends Base {

        private final String own;

        Derived() {
            own = "";
        }

        Derived(String base, String own) {
            super(base);
            this.own = own;
        }

        @Override
        String told() {
            return super.told() + ' ' + own;
        }
    }

    static final class Money {

        private final long cents;

        private Money(long cents) {
            this.cents = cents;
        }

        @JsonCreator
        static Money of(@JsonProperty("amount") BigDecimal amount) {
            return new Money(amount.movePointRight(2).longValueExact());
        }

        public BigDecimal getAmount() {
            return BigDecimal.valueOf(cents, 2);
        }
    }

    @JsonDeserialize(builder = Built.Builder.class)
    static final class Built {

        private final String name;

        private Built(String name) {
            this.name = name;
        }

        static Builder builder() {
            return new Builder();
        }

        public String getName() {
            return name;
        }

        @JsonPOJOBuilder
        static final class Builder {

            private String name = "";

            Builder withName(String value) {
                name = value;
                return this;
            }

            Built build() {
                return new Built(name);
            }
        }
    }

    record Id(@JsonValue String text) {}

    record Address(String street, String city) {}

    record Whole(Id id, @JsonUnwrapped(prefix = "address.") Address address) {}

    static final class Extensible {

        private String name = "";

        private final Map<String, String> extra = new LinkedHashMap<>();

        @JsonAnyGetter
        public Map<String, String> getAll() {
            return extra;
        }

        @JsonAnySetter
        public void put(String key, String value) {
            extra.put(key, value);
        }

        public String getName() {
            return name;
        }
    }

    @JsonIdentityInfo(generator = ObjectIdGenerators.PropertyGenerator.class, property = "id")
    static final class Linked {

        private int id;

        private @Nullable Linked other;
    }

    record Unordered(HashSet<Reticent> set, HashMap<String, HashSet<String>> map, HashSet<String> texts) {}

    static final class Computing {

        private BigDecimal price = BigDecimal.ZERO;

        public BigDecimal getPrice() {
            return price;
        }

        public BigDecimal getDoubled() {
            return price.add(price);
        }

        public boolean isFree() {
            throw new IllegalStateException("not asked");
        }
    }

    static class Plain {

        private final String name;

        Plain(@JsonProperty("name") String name) {
            this.name = name;
        }

        public String getName() {
            return name;
        }
    }

    static final class Special extends Plain {

        Special(@JsonProperty("name") String name) {
            super(name);
        }
    }

    record Holder(List<Plain> plain) {}

    record Collected(Collection<String> all) {}

    record Shortened(
            @JsonSerialize(using = FirstLetter.class) String text) {}

    record Deep(Map<String, List<Shortened>> map) {}

    static final class FirstLetter extends ValueSerializer<String> {

        @Override
        public void serialize(String value, JsonGenerator generator, SerializationContext context) {
            generator.writeString(value.substring(0, 1));
        }
    }

    static final class Demanding {

        private final @Nullable String text;

        Demanding(@Nullable String text) {
            this.text = text;
        }

        @JsonCreator
        static Demanding of(@JsonProperty("text") @Nullable String text) {
            return new Demanding(Objects.requireNonNull(text, SECRET));
        }
    }

    static final class Counting {

        private static int made;

        private final String name = "";

        private final transient int own = ++made;

        String told() {
            return name;
        }

        @JsonProperty
        public int getCount() {
            return own;
        }
    }

    record MaskedRecord(String number) {

        @Override
        public String number() {
            return "**** " + number.substring(number.length() - 4);
        }
    }

    static final class Coded extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final @Nullable String code;

        Coded(String message) {
            this(message, null);
        }

        Coded(String message, @Nullable String code) {
            super(message);
            this.code = code;
        }

        @Nullable
        String code() {
            return code;
        }
    }

    static final class Prefixed extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Prefixed(String message) {
            super("refused: " + message);
        }
    }

    final class Inner {

        private String text = "";

        public String getText() {
            return text;
        }
    }

    record HoldsInner(List<Inner> inner) {}

    static final class Unmakeable {

        private final String text;

        Unmakeable(int ignored, String text) {
            this.text = text + ignored;
        }

        public String getText() {
            return text;
        }
    }

    static class Named {

        private String name = "";

        String told() {
            return name;
        }
    }

    static final class Shadowing extends Named {

        private String name = "";

        String own() {
            return name;
        }
    }

    static final class Basket extends ArrayList<String> {

        private static final long serialVersionUID = 1L;

        private String owner = "";

        String owner() {
            return owner;
        }
    }

    static final class Locked {

        private final Object lock = new Object();

        private String name = "";

        String told() {
            synchronized (lock) {
                return name;
            }
        }
    }

    static final class Forgetful {

        private String name = "";

        @JsonIgnore
        private @Nullable String password;

        Forgetful() {}

        Forgetful(String name, String password) {
            this.name = name;
            this.password = password;
        }

        public String getName() {
            return name;
        }
    }
}
