package io.idempotent.spring.operation;

/**
 * Encrypts the arguments that calls record so that their executions can be finished without them. Declare one bean of
 * this type, and it holds for every operation with {@code recover}; arguments are recorded as they are without one.
 *
 * <pre>{@code
 * @Bean
 * RequestEncryption requestEncryption(KeyVault vault) {
 *     return new RequestEncryption() {
 *         @Override
 *         public byte[] encrypt(String operation, byte[] content) {
 *             return vault.encrypt(operation, content);
 *         }
 *
 *         @Override
 *         public byte[] decrypt(String operation, byte[] content) {
 *             return vault.decrypt(operation, content);
 *         }
 *     };
 * }
 * }</pre>
 *
 * <p>What it encrypts has to be decrypted by every node, and after a key was changed, too: write the key's id before
 * the content. If it throws while a call is made, the call runs and is not recovered; if it throws while a record is
 * recovered, the record is left for a person. Safe for use by many threads.
 */
public interface RequestEncryption {

    /**
     * Encrypts what a call recorded.
     *
     * @param operation the operation's name, which may be used as associated data
     * @param content what is recorded; may be changed
     * @return what the store keeps
     */
    byte[] encrypt(String operation, byte[] content);

    /**
     * Decrypts what {@link #encrypt} returned.
     *
     * @param operation the operation's name
     * @param content what the store kept; not to be changed
     * @return what was recorded
     */
    byte[] decrypt(String operation, byte[] content);
}
