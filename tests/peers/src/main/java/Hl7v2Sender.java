import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.model.v24.message.ADT_A01;
import ca.uhn.hl7v2.model.v24.message.REF_I12;
import ca.uhn.hl7v2.util.SocketFactory;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Sends referrals with HAPI over MLLP and TLS, as an interface engine in Java does: PORT FOLDER, where FOLDER has ca.pem,
 * gp.pem and gp.key. Each line that it prints is a step, tab, MSA-1, MSA-2, MSH-9 and RF1-11 of the answer, as HAPI's own
 * parser and validation read it.
 */
public class Hl7v2Sender {
    public static void main(String[] arguments) throws Exception {
        SSLContext tls = tls(Path.of(arguments[1]));
        try (HapiContext context = new DefaultHapiContext()) {
            context.setValidationContext(ValidationContextFactory.defaultValidation());
            context.setSocketFactory(new Secured(tls));
            Connection line = context.newClient("localhost", Integer.parseInt(arguments[0]), true);
            String run = Long.toString(System.currentTimeMillis());
            tell("refer", line, referral("I12", run, "1", true));
            tell("repeat", line, referral("I12", run, "1", true));
            Message change = referral("I13", run, "2", true);
            new Terser(change).set("/RF1-2", "S");
            tell("change", line, change);
            tell("cancel", line, referral("I14", run, "3", true));
            tell("nobody", line, referral("I12", run + "-other", "4", false));
            ADT_A01 admission = new ADT_A01();
            admission.initQuickstart("ADT", "A01", "T");
            new Terser(admission).set("/PID-5-1", "Example");
            tell("admission", line, admission);
            line.close();
        }
    }

    private static REF_I12 referral(String event, String name, String number, boolean somebody) throws Exception {
        REF_I12 message = new REF_I12();
        message.initQuickstart("REF", event, "T");
        Terser at = new Terser(message);
        at.set("/MSH-3", "HAPI");
        at.set("/MSH-4", "Y99001");
        at.set("/MSH-9-3", "REF_I12");
        at.set("/MSH-10", name + "-" + number);
        at.set("/MSH-18", "UNICODE UTF-8");
        at.set("/RF1-2", "R");
        at.set("/RF1-6-1", "R" + name);
        at.set("/RF1-6-2", "HAPI");
        at.set("/PROVIDER_CONTACT/PRD-1", "RP");
        at.set("/PROVIDER_CONTACT/PRD-2-1", "Good");
        if (somebody) {
            at.set("/PID-3-1", "9990000018");
            at.set("/PID-3-5", "NH");
            at.set("/PID-5-1", "Exämple");
            at.set("/PID-7", "19860504");
        }
        at.set("/NTE-3", "Low for three months & sleeping badly | since the spring.");
        return message;
    }

    private static void tell(String step, Connection line, Message message) throws Exception {
        Terser answer = new Terser(line.getInitiator().sendAndReceive(message));
        String kind = answer.get("/MSH-9-1") + "^" + answer.get("/MSH-9-2");
        String ours = kind.startsWith("RRI") ? answer.get("/RF1-11-1") : "";
        System.out.println(String.join("\t", step, answer.get("/MSA-1"), answer.get("/MSA-2"), kind, ours));
    }

    private static SSLContext tls(Path folder) throws Exception {
        String pem = Files.readString(folder.resolve("gp.key")).replaceAll("-----.*-----|\\s", "");
        PrivateKey key = KeyFactory.getInstance("EC")
            .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
        KeyStore mine = empty();
        mine.setKeyEntry("gp", key, new char[0], new Certificate[] {certificate(folder.resolve("gp.pem"))});
        KeyStore trusted = empty();
        trusted.setCertificateEntry("ca", certificate(folder.resolve("ca.pem")));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(mine, new char[0]);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return tls;
    }

    private static KeyStore empty() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static Certificate certificate(Path file) throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            return CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private record Secured(SSLContext tls) implements SocketFactory {
        public Socket createSocket() {
            return new Socket();
        }

        public Socket createTlsSocket() throws java.io.IOException {
            return tls.getSocketFactory().createSocket();
        }

        public ServerSocket createServerSocket() throws java.io.IOException {
            return new ServerSocket();
        }

        public ServerSocket createTlsServerSocket() throws java.io.IOException {
            return tls.getServerSocketFactory().createServerSocket();
        }

        public void configureNewAcceptedSocket(Socket socket) {}
    }
}
