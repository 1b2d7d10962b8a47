package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Label;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.MessageOptions;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.GeneratedMessageLite;
import com.google.protobuf.Int64Value;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;
import com.google.protobuf.StringValue;
import com.google.protobuf.Struct;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.Value;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.avro.util.Utf8;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Messages of protobuf and records of Avro are what their schemas' fields hold. */
class SchemaFieldsTest {

    private static final CanonicalFingerprinter FINGERPRINTER = CanonicalFingerprinter.create();

    private static final Descriptor CHARGE = charge();

    private static final Schema MONEY = SchemaBuilder.record("Money")
            .namespace("org.shop")
            .fields()
            .requiredLong("amount")
            .name("currency")
            .type()
            .enumeration("Currency")
            .symbols("EUR", "USD")
            .noDefault()
            .endRecord();

    private static final Schema DIGEST = Schema.createFixed("Digest", null, "org.shop", 2);

    private static final Schema PAYMENT = SchemaBuilder.record("Payment")
            .namespace("org.shop")
            .fields()
            .requiredString("id")
            .name("money")
            .type(MONEY)
            .noDefault()
            .name("tags")
            .type()
            .map()
            .values()
            .stringType()
            .noDefault()
            .name("lines")
            .type()
            .array()
            .items()
            .intType()
            .noDefault()
            .optionalBytes("photo")
            .name("digest")
            .type(DIGEST)
            .noDefault()
            .endRecord();

    private static Descriptor charge() {
        DescriptorProto entry = DescriptorProto.newBuilder()
                .setName("RatesEntry")
                .setOptions(MessageOptions.newBuilder().setMapEntry(true))
                .addField(field("key", 1, FieldDescriptorProto.Type.TYPE_STRING))
                .addField(field("value", 2, FieldDescriptorProto.Type.TYPE_DOUBLE))
                .build();
        FileDescriptorProto file = FileDescriptorProto.newBuilder()
                .setName("charge.proto")
                .setSyntax("proto3")
                .addMessageType(DescriptorProto.newBuilder()
                        .setName("Charge")
                        .addNestedType(entry)
                        .addField(field("id", 1, FieldDescriptorProto.Type.TYPE_STRING))
                        .addField(field("status", 2, FieldDescriptorProto.Type.TYPE_ENUM)
                                .setTypeName("Status"))
                        .addField(field("photo", 3, FieldDescriptorProto.Type.TYPE_BYTES))
                        .addField(field("rates", 4, FieldDescriptorProto.Type.TYPE_MESSAGE)
                                .setTypeName("RatesEntry")
                                .setLabel(Label.LABEL_REPEATED))
                        .addField(field("lines", 5, FieldDescriptorProto.Type.TYPE_INT32)
                                .setLabel(Label.LABEL_REPEATED)))
                .addMessageType(DescriptorProto.newBuilder()
                        .setName("Refund")
                        .addField(field("id", 1, FieldDescriptorProto.Type.TYPE_STRING)))
                .addEnumType(EnumDescriptorProto.newBuilder()
                        .setName("Status")
                        .addValue(EnumValueDescriptorProto.newBuilder()
                                .setName("NEW")
                                .setNumber(0))
                        .addValue(EnumValueDescriptorProto.newBuilder()
                                .setName("PAID")
                                .setNumber(1)))
                .build();
        try {
            return FileDescriptor.buildFrom(file, new FileDescriptor[0]).findMessageTypeByName("Charge");
        } catch (DescriptorValidationException invalid) {
            throw new IllegalStateException(invalid);
        }
    }

    private static FieldDescriptorProto.Builder field(String name, int number, FieldDescriptorProto.Type type) {
        return FieldDescriptorProto.newBuilder()
                .setName(name)
                .setNumber(number)
                .setType(type)
                .setLabel(Label.LABEL_OPTIONAL);
    }

    private static DynamicMessage charge(Map<String, Object> fields) {
        DynamicMessage.Builder builder = DynamicMessage.newBuilder(CHARGE);
        fields.forEach((name, value) -> {
            FieldDescriptor field = CHARGE.findFieldByName(name);
            if (value instanceof Map<?, ?> map) {
                map.forEach((key, rate) -> builder.addRepeatedField(
                        field,
                        DynamicMessage.newBuilder(field.getMessageType())
                                .setField(field.getMessageType().findFieldByNumber(1), key)
                                .setField(field.getMessageType().findFieldByNumber(2), rate)
                                .build()));
            } else {
                builder.setField(
                        field,
                        field.getType() == FieldDescriptor.Type.ENUM
                                ? field.getEnumType().findValueByNumber((Integer) value)
                                : value);
            }
        });
        return builder.build();
    }

    private static DynamicMessage refund(String id) {
        Descriptor refund = CHARGE.getFile().findMessageTypeByName("Refund");
        return DynamicMessage.newBuilder(refund)
                .setField(refund.findFieldByName("id"), id)
                .build();
    }

    private static <V> Map<String, V> ordered(String firstKey, V firstValue, String secondKey, V secondValue) {
        Map<String, V> map = new LinkedHashMap<>();
        map.put(firstKey, firstValue);
        map.put(secondKey, secondValue);
        return map;
    }

    private static Struct struct(Map<String, Value> fields) {
        return Struct.newBuilder().putAllFields(fields).build();
    }

    private static Value number(double number) {
        return Value.newBuilder().setNumberValue(number).build();
    }

    private static <M extends Message> M hashed(M message) {
        assertThat(message.hashCode()).isNotZero();
        assertThat(message.getSerializedSize()).isNotZero();
        return message;
    }

    private static Message parsed(DynamicMessage message) {
        try {
            return DynamicMessage.parseFrom(CHARGE, message.toByteString());
        } catch (InvalidProtocolBufferException invalid) {
            throw new IllegalStateException(invalid);
        }
    }

    private static DynamicMessage withUnknown(int content) {
        return charge(Map.of("id", "a")).toBuilder()
                .setUnknownFields(UnknownFieldSet.newBuilder()
                        .addField(
                                99,
                                UnknownFieldSet.Field.newBuilder()
                                        .addVarint(content)
                                        .build())
                        .build())
                .build();
    }

    private static GenericRecord payment(CharSequence id, String currency, Map<?, ?> tags, byte[] photo) {
        GenericRecord money = new GenericData.Record(MONEY);
        money.put("amount", 100L);
        money.put(
                "currency",
                new GenericData.EnumSymbol(MONEY.getField("currency").schema(), currency));
        GenericRecord payment = new GenericData.Record(PAYMENT);
        payment.put("id", id);
        payment.put("money", money);
        payment.put("tags", tags);
        payment.put("lines", List.of(1, 2));
        payment.put("photo", photo.length == 0 ? null : ByteBuffer.wrap(photo));
        payment.put("digest", new GenericData.Fixed(DIGEST, new byte[] {1, 2}));
        return payment;
    }

    private static GenericRecord payment() {
        return payment("a", "EUR", ordered("x", "1", "y", "2"), new byte[0]);
    }

    private static GenericRecord with(String field, Object value) {
        GenericRecord payment = payment();
        payment.put(field, value);
        return payment;
    }

    /** As Avro's compiler makes them, as far as matters. */
    public static final class Money extends SpecificRecordBase {

        private static final long serialVersionUID = 1L;

        private long amount;

        private Object currency;

        /** Is what a reader makes, and no field of the schema. */
        private long hash;

        Money(long amount, String currency) {
            this.amount = amount;
            this.currency =
                    new GenericData.EnumSymbol(MONEY.getField("currency").schema(), currency);
        }

        @Override
        public Schema getSchema() {
            return MONEY;
        }

        @Override
        public Object get(int position) {
            return position == 0 ? (Object) amount : currency;
        }

        @Override
        public void put(int position, Object value) {
            if (position == 0) {
                amount = (Long) value;
            } else {
                currency = value;
            }
        }

        Money hashed() {
            hash = hashCode();
            assertThat(hash).isNotZero();
            return this;
        }
    }

    static Stream<Arguments> contents() {
        Map<String, Object> withRates = Map.of("id", "a", "rates", ordered("x", 1.0, "y", 2.0));
        return Stream.of(
                Arguments.of(
                        struct(ordered("a", number(1), "b", number(2))),
                        struct(ordered("b", number(2), "a", number(1))),
                        struct(ordered("a", number(2), "b", number(1)))),
                Arguments.of(
                        struct(Map.of("a", number(1))),
                        hashed(struct(Map.of("a", number(1)))),
                        struct(Map.of("b", number(1)))),
                Arguments.of(
                        struct(Map.of("a", number(1))),
                        struct(Map.of("a", number(1))).toBuilder(),
                        struct(Map.of("a", number(1), "b", number(1))).toBuilder()),
                Arguments.of(StringValue.of("a"), StringValue.of("a"), StringValue.of("b")),
                Arguments.of(StringValue.of(""), StringValue.getDefaultInstance(), Int64Value.getDefaultInstance()),
                Arguments.of(
                        charge(withRates),
                        charge(Map.of("id", "a", "rates", ordered("y", 2.0, "x", 1.0))),
                        charge(Map.of("id", "a", "rates", ordered("y", 1.0, "x", 2.0)))),
                Arguments.of(charge(withRates), parsed(charge(withRates)), charge(Map.of("id", "a"))),
                Arguments.of(
                        charge(Map.of("id", "a", "status", 0)),
                        charge(Map.of("id", "a")),
                        charge(Map.of("id", "a", "status", 1))),
                Arguments.of(
                        charge(Map.of("photo", ByteString.copyFromUtf8("ab"))),
                        charge(Map.of("photo", ByteString.copyFromUtf8("a").concat(ByteString.copyFromUtf8("b")))),
                        charge(Map.of("photo", ByteString.copyFromUtf8("ba")))),
                Arguments.of(
                        charge(Map.of("lines", List.of(1, 2))),
                        charge(Map.of("lines", new ArrayList<>(List.of(1, 2)))),
                        charge(Map.of("lines", List.of(2, 1)))),
                Arguments.of(withUnknown(1), withUnknown(1), withUnknown(2)),
                Arguments.of(charge(Map.of("id", "a")), charge(Map.of("id", "a")), refund("a")),
                Arguments.of(
                        payment(),
                        payment(new Utf8("a"), "EUR", ordered(new Utf8("y").toString(), "2", "x", "1"), new byte[0]),
                        payment("b", "EUR", ordered("x", "1", "y", "2"), new byte[0])),
                Arguments.of(
                        payment(),
                        with("tags", Map.of(new Utf8("x"), new Utf8("1"), new Utf8("y"), new Utf8("2"))),
                        with("tags", Map.of("x", "1", "y", "3"))),
                Arguments.of(payment(), payment(), payment("a", "USD", ordered("x", "1", "y", "2"), new byte[0])),
                Arguments.of(payment(), with("lines", new ArrayList<>(List.of(1, 2))), with("lines", List.of(2, 1))),
                Arguments.of(
                        payment(),
                        with("digest", new GenericData.Fixed(DIGEST, new byte[] {1, 2})),
                        with("digest", new GenericData.Fixed(DIGEST, new byte[] {1, 3}))),
                Arguments.of(
                        with("photo", ByteBuffer.wrap(new byte[] {1})),
                        with("photo", ByteBuffer.wrap(new byte[] {0, 1}, 1, 1)),
                        payment()),
                Arguments.of(new Money(1, "EUR"), new Money(1, "EUR").hashed(), new Money(2, "EUR")),
                Arguments.of(
                        new Money(100, "EUR"),
                        payment().get("money"),
                        payment("a", "USD", Map.of(), new byte[0]).get("money")));
    }

    @ParameterizedTest
    @MethodSource("contents")
    void whatTheFieldsOfASchemaHoldCountsAndNothingElse(Object one, Object same, Object other) {
        assertThat(FINGERPRINTER.refusal(one.getClass())).isNull();
        assertThat(FINGERPRINTER.fingerprint(List.of(one)))
                .isEqualTo(FINGERPRINTER.fingerprint(List.of(same)))
                .isNotEqualTo(FINGERPRINTER.fingerprint(List.of(other)));
    }

    @Test
    void declaredTypesThatASchemaDescribesAreAccepted() {
        assertThat(FINGERPRINTER.refusal(Message.class)).isNull();
        assertThat(FINGERPRINTER.refusal(GenericRecord.class)).isNull();
    }

    @Test
    void whatTellsNoFieldsIsRefused() {
        for (Class<?> type : List.of(MessageLite.class, GeneratedMessageLite.class)) {
            assertThat(FINGERPRINTER.refusal(type)).contains(type.getName()).contains("lite runtime");
        }
    }

    @Test
    void aFieldThatCannotBeComparedIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FINGERPRINTER.fingerprint(with("id", new Thread("secret"))))
                .withMessageContaining("java.lang.Thread")
                .withMessageNotContaining("secret");
    }
}
