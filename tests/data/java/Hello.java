public class Hello {
    public static void main(String[] words) throws Exception {
        java.net.ServerSocket server = new java.net.ServerSocket(Integer.parseInt(System.getenv("PORT")));
        while (true) {
            try (java.net.Socket client = server.accept()) {
                client.getInputStream().read(new byte[4096]);
                client.getOutputStream().write(("HTTP/1.0 200 OK\r\n\r\n" + System.getenv("GREETING") + " on " + System.getProperty("java.version")).getBytes());
            }
        }
    }
}
