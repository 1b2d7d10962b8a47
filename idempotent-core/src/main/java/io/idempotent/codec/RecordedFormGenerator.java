package io.idempotent.codec;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import tools.jackson.core.Base64Variant;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.io.NumberOutput;
import tools.jackson.core.util.JsonGeneratorDelegate;

/**
 * Writes what JSON has one form for so that it can be told apart: a floating-point number has an exponent after a small
 * {@code e}, which a decimal one never has ({@code 12.5e0}); bytes are an object with the member {@value #BYTES}, and
 * no text. So a number that was exact is not read as one that is not, nor text as bytes, after a class has changed.
 */
final class RecordedFormGenerator extends JsonGeneratorDelegate {

    static final String BYTES = "base64";

    RecordedFormGenerator(JsonGenerator target) {
        super(target, false);
    }

    @Override
    public JsonGenerator writeNumber(double value) {
        return Double.isFinite(value) ? writeFloating(NumberOutput.toString(value, true)) : super.writeNumber(value);
    }

    @Override
    public JsonGenerator writeNumber(float value) {
        return Float.isFinite(value) ? writeFloating(NumberOutput.toString(value, true)) : super.writeNumber(value);
    }

    private JsonGenerator writeFloating(String digits) {
        int exponent = digits.indexOf('E');
        return writeNumber(
                exponent < 0 ? digits + "e0" : digits.substring(0, exponent) + 'e' + digits.substring(exponent + 1));
    }

    @Override
    public JsonGenerator writeArray(double[] array, int offset, int length) {
        writeStartArray(array, length);
        for (int index = offset; index < offset + length; index++) {
            writeNumber(array[index]);
        }
        return writeEndArray();
    }

    @Override
    public JsonGenerator writeBinary(Base64Variant variant, byte[] data, int offset, int length) {
        writeStartObject();
        writeName(BYTES);
        super.writeBinary(variant, data, offset, length);
        return writeEndObject();
    }

    @Override
    public int writeBinary(Base64Variant variant, InputStream data, int length) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        try {
            data.transferTo(content);
        } catch (IOException failure) {
            throw JacksonIOException.construct(failure, this);
        }
        writeBinary(variant, content.toByteArray(), 0, content.size());
        return content.size();
    }
}
