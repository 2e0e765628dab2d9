// A program with a TLS client certificate, as somebody would write it who never heard of the agent: SunPKCS11, its key
// store, and an https request. Arguments: provider configuration, PEM of the server's authority, address.

import java.io.FileInputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.cert.CertificateFactory;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

class TlsClient {
    public static void main(String[] arguments) throws Exception {
        Provider card = Security.getProvider("SunPKCS11").configure(arguments[0]);
        Security.addProvider(card);
        KeyStore keys = KeyStore.getInstance("PKCS11", card);
        keys.load(null, null);
        KeyManagerFactory shown = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        shown.init(keys, null);

        KeyStore anchors = KeyStore.getInstance(KeyStore.getDefaultType());
        anchors.load(null, null);
        try (FileInputStream pem = new FileInputStream(arguments[1])) {
            anchors.setCertificateEntry("server", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory believed = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        believed.init(anchors);

        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(shown.getKeyManagers(), believed.getTrustManagers(), null);
        HttpsURLConnection connection = (HttpsURLConnection) new URL(arguments[2]).openConnection();
        connection.setSSLSocketFactory(tls.getSocketFactory());
        System.out.println(new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }
}
