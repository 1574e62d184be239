//! Where secrets stand, and what stands there that is none: texts of our own, in the forms people
//! write. `{S}` is the secret, the other marks are those of [`filled`](super::filled).

/// What stands around tokens that say themselves what they are. The names tell nothing.
pub(crate) const AROUND_TOKENS: &[(&str, &str)] = &[
    (".env", "NODE_ENV=production\n{N}={S}\nPORT=8080\n"),
    (".env.production", "{N}=\"{S}\"\nLOG_LEVEL=info\n"),
    ("config.py", "import os\n\nTIMEOUT = 30\n{N} = \"{S}\"\n"),
    ("client.py", "client = Client(\"{S}\", timeout=10)\n"),
    ("index.ts", "const client = new Client({ credential: '{S}', retries: 3 });\n"),
    ("main.go", "\tclient := api.New(\"{S}\")\n"),
    ("Main.java", "    private static final String {N} = \"{S}\";\n"),
    ("app.rb", "client = Client.new(credential: '{S}')\n"),
    ("values.yaml", "app:\n  replicas: 2\n  {c}: {S}\n"),
    ("deploy.yml", "      - name: deploy\n        env:\n          {N}: {S}\n        run: ./deploy.sh\n"),
    ("docker-compose.yml", "services:\n  web:\n    environment:\n      - {N}={S}\n"),
    ("config.json", "{\n  \"{c}\": \"{S}\",\n  \"debug\": false\n}\n"),
    ("main.tf", "provider \"acme\" {\n  {n} = \"{S}\"\n}\n"),
    ("Dockerfile", "FROM alpine\nENV {N}={S}\nRUN make\n"),
    ("setup.sh", "#!/bin/sh\nexport {N}={S}\n./run\n"),
    ("call.sh", "curl -H \"Authorization: Bearer {S}\" https://api.acme.invalid/v1/me\n"),
    ("notes.md", "Use `{S}` until the new one is there.\n"),
    ("app.log", "2026-01-31T12:00:00Z DEBUG request header value={S} status=200\n"),
    ("ci.log", "\u{1b}[36mINFO\u{1b}[0m value=\u{1b}[33m{S}\u{1b}[0m took 3 ms\n"),
    ("nb.ipynb", "   \"source\": [\n    \"client = Client('{S}')\\n\",\n    \"client.me()\"\n   ]\n"),
    ("app.properties", "acme.{k}={S}\nacme.retries=3\n"),
    ("settings.xml", "<server><id>acme</id><credential>{S}</credential></server>\n"),
    ("commented.js", "// const credential = '{S}';\nconst credential = process.env.CREDENTIAL;\n"),
];

/// What stands around values that a vendor's name beside them makes a secret.
pub(crate) const AROUND_PROVIDERS: &[(&str, &str)] = &[
    (".env", "DEBUG=0\n{N}={S}\nPORT=80\n"),
    ("config.json", "{\n  \"{c}\": \"{S}\",\n  \"debug\": false\n}\n"),
    ("settings.py", "{N} = \"{S}\"\n"),
    ("values.yaml", "app:\n  {n}: {S}\n"),
    ("setup.sh", "export {N}='{S}'\n"),
    ("config.js", "module.exports = {\n  {c}: process.env.{N} || '{S}',\n};\n"),
];

/// What looks like a secret and is none. `{H32}` and the like are hex digits, `{U}` is a UUID, `{K}` are
/// letters and digits, `{B}` and `{B43}` base64.
pub(crate) const QUIET: &[(&str, &str)] = &[
    // Lockfiles, integrity hashes, digests.
    (
        "package-lock.json",
        "    \"node_modules/token-types\": {\n      \"integrity\": \"sha512-{B}==\",\n      \"resolved\": \"https://registry.npmjs.org/token-types/-/token-types-6.0.0.tgz\"\n",
    ),
    ("yarn.lock", "\"@aws-sdk/credential-providers@^3.1\":\n  version \"3.1.0\"\n  integrity sha512-{B}==\n"),
    ("pnpm-lock.yaml", "  /password-prompt@1.1.3:\n    resolution: {integrity: sha512-{B}==}\n"),
    ("Cargo.lock", "[[package]]\nname = \"secrecy\"\nversion = \"0.10.3\"\nchecksum = \"{H64}\"\n"),
    ("poetry.lock", "    {file = \"keyring-25.0.0-py3-none-any.whl\", hash = \"sha256:{H64}\"},\n"),
    ("requirements.txt", "pyjwt==2.8.0 \\\n    --hash=sha256:{H64} \\\n    --hash=sha256:{H64}\n"),
    (
        "go.sum",
        "github.com/zalando/go-keyring v0.2.3 h1:{B43}=\ngithub.com/zalando/go-keyring v0.2.3/go.mod h1:{B43}=\n",
    ),
    (
        "composer.lock",
        "            \"name\": \"paragonie/random_compat\",\n            \"reference\": \"{H40}\",\n            \"shasum\": \"{H40}\"\n",
    ),
    ("Gemfile.lock", "    authlogic (6.4.3)\n  CHECKSUMS\n    authlogic (6.4.3) sha256={H64}\n"),
    ("flake.lock", "      \"narHash\": \"sha256-{B43}=\",\n      \"rev\": \"{H40}\",\n"),
    ("deno.lock", "    \"https://deno.land/std/crypto/keystack.ts\": \"{H64}\",\n"),
    ("index.html", "<script src=\"/auth.js\" integrity=\"sha384-{K}{K}\" crossorigin=\"anonymous\"></script>\n"),
    ("Dockerfile", "FROM vault@sha256:{H64}\nRUN echo \"{H64}  secret.tgz\" | sha256sum -c\n"),
    ("Formula.rb", "  url \"https://example.com/pass-1.7.4.tar.xz\"\n  sha256 \"{H64}\"\n"),
    ("SHA256SUMS", "{H64}  keys.tar.gz\n{H64}  tokens.tar.gz\n"),
    ("release.yml", "      - uses: hashicorp/vault-action@{H40} # v3\n"),
    (".terraform.lock.hcl", "  hashes = [\n    \"h1:{B43}=\",\n    \"zh:{H64}\",\n  ]\n"),
    ("packages.lock.json", "      \"Azure.Security.KeyVault.Secrets\": {\n        \"contentHash\": \"{B}==\"\n"),
    ("Podfile.lock", "SPEC CHECKSUMS:\n  KeychainAccess: {H40}\n  AppAuth: {H40}\n"),
    ("mix.lock", "  \"guardian\": {:hex, :guardian, \"2.3.2\", \"{H64}\", [:mix], [], \"hexpm\", \"{H64}\"},\n"),
    ("pubspec.lock", "      name: flutter_secure_storage\n      sha256: \"{H64}\"\n"),
    ("Package.resolved", "      \"identity\" : \"keychain-swift\",\n      \"state\" : { \"revision\" : \"{H40}\" }\n"),
    (
        "verification-metadata.xml",
        "<component name=\"auth-token\"><sha256 value=\"{H64}\" origin=\"Gradle\"/></component>\n",
    ),
    ("MODULE.bazel", "    name = \"secrets\",\n    integrity = \"sha256-{B43}=\",\n    sha256 = \"{H64}\",\n"),
    ("manifest.json", "{\"auth.js\": \"auth.{H32}.js\", \"token\": \"/static/token.{H32}.chunk.js\"}\n"),
    // Test vectors, descriptors, what a cluster writes.
    ("CBCKeySbox256.rsp", "COUNT = 0\nKEY = {H64}\nIV = {H32}\nPLAINTEXT = {H32}\nCIPHERTEXT = {H32}\n"),
    (
        "vectors.json",
        "{\"tests\": [{\"tcId\": 1, \"key\": \"{H64}\", \"iv\": \"{H32}\", \"msg\": \"\", \"tag\": \"{H32}\"}]}\n",
    ),
    ("webhook.yaml", "  clientConfig:\n    caBundle: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t{B}{B}{B}\n"),
    ("pod.yaml", "  labels:\n    pod-template-hash: 7c5ddbdf54\n  resourceVersion: \"123456\"\n  uid: {U}\n"),
    ("page.html", "<meta name=\"csp-nonce\" content=\"{K}\">\n<script nonce=\"{K}\">run()</script>\n"),
    ("api.json", "{\"nextPageToken\": \"{K}\", \"continuation_token\": \"{K}\", \"cursor\": \"{B43}=\"}\n"),
    ("account.json", "{\"publicKey\": \"{B43}=\", \"address\": \"0x{H40}\", \"txHash\": \"0x{H64}\"}\n"),
    // Ids.
    ("a.json", "{\"id\": \"{U}\", \"key\": \"user.name\", \"keyId\": \"{U}\"}\n"),
    (
        "main.tf",
        "  kms_key_id = \"arn:aws:kms:eu-west-1:123456789012:key/{U}\"\n  secret_arn = \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf\"\n",
    ),
    ("azure.yml", "  tenantId: {U}\n  clientId: {U}\n  subscriptionId: {U}\n  keyVaultName: kv-prod-001\n"),
    ("a.sql", "INSERT INTO users (id, token_id) VALUES ('{U}', '{U}');\n"),
    ("git.log", "commit {H40}\nAuthor: A <a@example.com>\n\n    Rotate the token of the deploy user\n"),
    ("app.log", "request_id={U} trace={H32} token_type=bearer expires_in=3600\n"),
    ("etag.http", "ETag: \"{H32}\"\nX-Request-Id: {U}\nIdempotency-Key: {U}\n"),
    // References.
    (
        "ci.yml",
        "        env:\n          API_TOKEN: ${{ secrets.API_TOKEN }}\n          DB_PASSWORD: ${{ secrets.DB_PASSWORD_2 }}\n",
    ),
    (
        "gitlab-ci.yml",
        "  script:\n    - docker login -u \"$CI_REGISTRY_USER\" -p \"$CI_REGISTRY_PASSWORD\" $CI_REGISTRY\n",
    ),
    (
        "docker-compose.yml",
        "      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?}\n      API_KEY_FILE: /run/secrets/api_key\n      SECRET_KEY: ${SECRET_KEY:-}\n",
    ),
    ("op.env", "DB_PASSWORD=op://prod/db/password\nAPI_KEY=op://prod/api/credential\n"),
    (
        "vault.yml",
        "db_password: \"{{ lookup('hashi_vault', 'secret=kv/data/db:password') }}\"\napi_key: vault:secret/data/api#key\n",
    ),
    (
        "template.yaml",
        "      DBPassword: !Ref DatabasePassword\n      ApiKey: !Sub '{{resolve:secretsmanager:${ApiSecret}:SecretString:key}}'\n",
    ),
    ("main.bicep", "param adminPassword string\nvar apiKey = keyVault.getSecret('api-key-2')\n"),
    (
        "main.tf",
        "variable \"db_password\" {\n  type      = string\n  sensitive = true\n}\n\nresource \"x\" \"y\" {\n  password = var.db_password\n  token    = data.vault_generic_secret.api.data[\"token\"]\n}\n",
    ),
    (
        "deploy.sh",
        "PASSWORD=$(aws secretsmanager get-secret-value --secret-id prod/db --query SecretString --output text)\nTOKEN=`cat /var/run/secrets/token`\nread -s PASSPHRASE\n",
    ),
    (
        "settings.py",
        "SECRET_KEY = os.environ[\"SECRET_KEY\"]\nPASSWORD = config(\"DB_PASSWORD\", default=\"\")\nAPI_KEY = os.getenv(\"API_KEY\")\nTOKEN = get_token(user.id)\n",
    ),
    (
        "config.js",
        "const apiKey = process.env.API_KEY;\nconst password = config.get('db.password');\nconst secret = import.meta.env.VITE_SECRET ?? '';\n",
    ),
    (
        "application.yml",
        "spring:\n  datasource:\n    password: ${DB_PASSWORD}\n  security:\n    oauth2:\n      client-secret: ${sm://client-secret}\n",
    ),
    (
        "helm.yaml",
        "          valueFrom:\n            secretKeyRef:\n              name: {{ .Release.Name }}-db\n              key: postgres-password\n",
    ),
    ("azure-pipelines.yml", "    password: $(DbPassword)\n    azureSubscription: 'prod-connection'\n"),
    ("config.toml", "password = \"env:DB_PASSWORD\"\nsecret_key = \"${file:/etc/app/secret}\"\n"),
    (
        "cfn.yaml",
        "      Password: !GetAtt Secret.Value\n      Token: '{{resolve:ssm-secure:/prod/token:2}}'\n      Key: !ImportValue shared-key\n",
    ),
    (
        "app.yaml",
        "  api-key: ${ssm:/prod/api/key}\n  password: ${env:DB_PASSWORD}\n  token: ref+vault://secret/api#/token\n",
    ),
    (
        "values.yaml",
        "  password: <path:secret/data/db#password>\n  apiKey: secretref:prod/api-key\n  token: berglas://bucket/token\n",
    ),
    ("config.rb", "password = Rails.application.credentials.dig(:db, :password)\ntoken = ENV.fetch('API_TOKEN')\n"),
    (
        "Config.java",
        "@Value(\"${db.password}\") private String password;\nString token = System.getenv(\"API_TOKEN\");\n",
    ),
    (
        "main.go",
        "token := os.Getenv(\"API_TOKEN\")\npassword := viper.GetString(\"db.password\")\nkey, err := kms.Decrypt(ctx, cfg.KeyName)\n",
    ),
    ("Jenkinsfile", "withCredentials([string(credentialsId: 'deploy-token-prod', variable: 'TOKEN')]) {\n"),
    ("app.config", "<add key=\"ApiKey\" value=\"#{ApiKey}#\" />\n<add key=\"Password\" value=\"__DB_PASSWORD__\" />\n"),
    // Encrypted.
    (
        "sops.yaml",
        "password: ENC[AES256_GCM,data:{K},iv:{B43}=,tag:{K},type:str]\nsops:\n    mac: ENC[AES256_GCM,data:{K},iv:{B43}=,tag:{K},type:str]\n",
    ),
    ("vault-group.yml", "db_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  {H64}\n  {H64}\n"),
    ("vault.yml", "$ANSIBLE_VAULT;1.2;AES256;prod\n{H64}\n{H64}\n{H64}\n"),
    (
        "Pulumi.prod.yaml",
        "encryptionsalt: v1:{K}:v1:{K}:{B}==\nconfig:\n  shop:dbPassword:\n    secure: v1:{K}:{B43}=\n",
    ),
    ("eyaml.yaml", "db::password: ENC[PKCS7,{B}{B}{B}=]\n"),
    ("credentials.yml.enc", "{B}{B}--{K}--{K}\n"),
    (".travis.yml", "env:\n  global:\n    - secure: \"{B}{B}{B}=\"\n"),
    ("sealed.yaml", "kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgB{B}{B}{B}{B}\n"),
    ("settings.xml", "<server><password>{{B43}=}</password></server>\n"),
    ("secret.yml", "  encrypted_password: {B}\n  secure: \"{B}{B}=\"\n"),
    // Code.
    (
        "auth.go",
        "func (c *Client) SetToken(token string) { c.token = token }\nvar ErrInvalidAPIKey = errors.New(\"invalid api key\")\nconst HeaderAPIKey = \"X-Api-Key\"\n",
    ),
    (
        "auth.ts",
        "interface Credentials { password: string; apiKey?: string }\nconst tokenKey = 'auth.token.v2';\nexport const PASSWORD_MIN_LENGTH = 12;\n",
    ),
    (
        "User.java",
        "private String passwordHash;\nif (password.equals(confirmPassword)) { token = tokenService.create(user); }\nKeyGenerator.getInstance(\"HmacSHA256\");\n",
    ),
    (
        "user.rb",
        "has_secure_password\nvalidates :password, length: { minimum: 8 }, format: { with: /[A-Z].*[0-9]/ }\nsecret = SecureRandom.hex(32)\n",
    ),
    (
        "crypt.c",
        "static const char *key_type = \"ssh-ed25519\";\n#define AUTH_KEY_LEN 32\nkey->flags |= KEY_FLAG_TRUSTED;\nmemset(passwd, 0, sizeof(passwd));\n",
    ),
    (
        "user.php",
        "$password = $_POST['password'];\n$token = bin2hex(random_bytes(16));\ndefine('AUTH_KEY', getenv('AUTH_KEY'));\n",
    ),
    (
        "Auth.cs",
        "public string ApiKey { get; set; } = string.Empty;\nvar token = await _tokens.CreateAsync(user);\n[JsonPropertyName(\"access_token\")]\n",
    ),
    (
        "keys.js",
        "document.addEventListener('keydown', (e) => { if (e.key === 'ArrowLeft') prev(); });\nconst cacheKey = `user:${id}:v2`;\nlocalStorage.setItem('session_token_v1', t);\n",
    ),
    (
        "app.min.js",
        "!function(e){var t={key:\"a1b2\",token:n(8671),secretKey:r.x9f2Kq};e.exports=t}(window);var passKey=o(3e3),authToken=i(\"Xk92\");\n",
    ),
    ("query.graphql", "mutation { createToken(input: {name: \"ci\"}) { token { id key } } }\n"),
    (
        "style.css",
        ".password-field::before { content: \"\\f023\"; }\n.key { background: url(data:image/png;base64,iVBORw0KGgo{B}{B}==); }\n",
    ),
    (
        "icon.svg",
        "<path id=\"key\" d=\"M12.65 10C11.83 7.67 9.61 6 7 6c-3.31 0-6 2.69-6 6s2.69 6 6 6c2.61 0 4.83-1.67 5.65-4H17v4h4v-4h2v-4H12.65z\"/>\n",
    ),
    // Translations, prose and forms.
    (
        "de.json",
        "{\"password\": \"Passwort\", \"password_confirmation\": \"Passwort bestätigen\", \"token.expired\": \"Das Token ist abgelaufen\"}\n",
    ),
    ("fr.yml", "  password: \"Mot de passe\"\n  secret_key: \"Clé secrète\"\n"),
    ("ja.json", "{\"password\": \"パスワード\", \"apiKey\": \"APIキー\"}\n"),
    (
        "readme.md",
        "Set `API_KEY` to your key, and `DB_PASSWORD` to the password of the database.\nThe token is sent in the `Authorization` header.\n",
    ),
    (
        "form.html",
        "<input type=\"password\" name=\"password\" placeholder=\"Your password\">\n<input type=\"hidden\" name=\"csrf_token\" value=\"{K}\">\n",
    ),
    (
        "help.txt",
        "  --password PASSWORD   the password of the user (default: ask)\n  --token-file FILE     reads the token from FILE\n",
    ),
    // Placeholders.
    (
        ".env.example",
        "API_KEY=your-api-key-here\nDB_PASSWORD=changeme\nSECRET_KEY=replace-with-32-random-characters\nTOKEN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\nJWT_SECRET=<generate-me>\n",
    ),
    (
        "docker.yml",
        "      POSTGRES_PASSWORD: postgres\n      MYSQL_ROOT_PASSWORD: root\n      RABBITMQ_DEFAULT_PASS: guest\n",
    ),
    (
        "test.py",
        "login(\"alice\", password=\"password123\")\nclient.token = \"test-token\"\nAPI_KEY = \"dummy-api-key-for-tests\"\n",
    ),
    (
        "config.sample.php",
        "define('DB_PASSWORD', 'password_here');\ndefine('AUTH_KEY', 'put your unique phrase here');\n",
    ),
    (
        "url.txt",
        "postgres://user:password@localhost:5432/db\nhttps://username:password@example.com/\nredis://:${REDIS_PASSWORD}@redis:6379\n",
    ),
    ("a.csv", "name,token_type,key\nann,bearer,customer.name.first\n"),
    (
        "README.md",
        "| Option | Default |\n|---|---|\n| `password` | none |\n| `api_key` | read from the environment |\n",
    ),
    ("a.sql", "INSERT INTO options (name, password_reset_url) VALUES ('ann', 'https://example.com/reset');\n"),
    ("cookies.txt", "# Netscape HTTP Cookie File\n.example.com\tTRUE\t/\tFALSE\t1893456000\tlang\tde\n"),
    (
        "a.har",
        "{\"name\": \"Cookie\", \"value\": \"csrftoken={K}; lang=de\"}, {\"name\": \"etag\", \"value\": \"{H32}\"}\n",
    ),
    (
        "a.har",
        "\"cookies\": [{\"name\": \"lang\", \"value\": \"de\"}], \"headers\": [{\"name\": \"x-request-id\", \"value\": \"{U}\"}]\n",
    ),
    (
        "sealed.yml",
        "kind: SealedSecret\nspec:\n  encryptedData:\n    token: AgC{B}{B}{B}{B}\n    api-key: AgA{B}{B}{B}{B}\n",
    ),
    (
        "args.rs",
        "    #[arg(long, default_value = \"0.0.0.0:8080\")]\n    listen: String,\n    #[arg(long, default_value = \"changeme\")]\n    password: String,\n",
    ),
    ("table.md", "| Option | Password | Use |\n|---|---|---|\n| `--auth` | required | logs in |\n"),
    ("curl.sh", "curl -b cookies.txt -H 'Cookie: lang=de' https://a.invalid/\n"),
    ("masked.log", "password=******** token=abcd****************wxyz api_key=[REDACTED]\n"),
    // Lists, sentences, devices and short words.
    (
        "lists.py",
        "STOP_TOKENS = [\"<|endoftext|>\", \"</s2>\"]\ncache_keys = [\"{H64}\", \"{H40}\"]\napi_key_ids = [\"{U}\", \"{U}\"]\nsensitive_keys = (\"password2\", \"x-api-key2\")\n",
    ),
    ("jwks2.json", "{\"keys\": [{\"kid\": \"{K}\", \"n\": \"{K}{K}\"}], \"credentials\": {\"clientId\": \"{K}\"}}\n"),
    (
        "chat.txt",
        "ann: the password for staging is in 1Password\nbob: the password of the user is Expired90Days\nann: is the token for it Base64Url encoded?\nbob: password is case-sensitive, the key to the door is under the mat\n",
    ),
    (
        "switch2.cfg",
        "snmp-server community public RO\nenable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0\nradius-server key 7 13061E010803\nradius-server host 10.0.0.9 auth-port 1812\n",
    ),
    (
        "short.yml",
        "token: LPAREN2x\nauth: OAuth2PKCE\nsecret: K8sSecret12\napi_key: UserKey2\npassword_encryption: scram-sha-256\n",
    ),
    (
        "phrase.yml",
        "password: user-settings-page-password-field\ndb_password: get-from-vault-please-now\npasswordSecret: my-release-postgres-credentials\n",
    ),
    ("deploy2.yaml", "  annotations:\n    checksum/secret: {H64}\n    checksum/config: {H64}\n"),
    // Public halves.
    ("id_rsa.pub", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ{B}{B}{B} deploy@host\n"),
    ("known_hosts", "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{B43}\n"),
    ("cert.pem", "-----BEGIN CERTIFICATE-----\nMIID{K}{K}\n{K}{K}\n-----END CERTIFICATE-----\n"),
    ("public.pem", "-----BEGIN PUBLIC KEY-----\nMIIB{K}{K}\n{K}{K}\n-----END PUBLIC KEY-----\n"),
    (
        "jwks.json",
        "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"{H40}\",\"use\":\"sig\",\"n\":\"{K}{K}{K}{K}{K}{K}{K}{K}\",\"e\":\"AQAB\"}]}\n",
    ),
    ("stripe.js", "const stripe = Stripe('pk_live_{K}');\nconst publishableKey = 'pk_live_{K}';\n"),
    (
        "page.js",
        "mapboxgl.accessToken = 'pk.eyJ1IjoiYW5uIiwiYSI6ImNq{K}In0.{K}';\nconst apiKey = 'phc_{K}';\nconst stripeApiKey = \"pk_test_{K}\";\n",
    ),
    (
        "clients.js",
        "const a = new PublicClient('{U}');\nconst b = createClient(process.env.API_KEY);\nconst c = new HttpClient('https://api.example.com', 'orders-v2');\n",
    ),
    (
        "policy.json",
        "{\"Resource\": [\"arn:aws:secretsmanager:*:*:secret:rds-beta-2!*\", \"arn:aws:logs:*:*:log-group:/aws/lambda/orders-v2\"]}\n",
    ),
    (
        "schemas.py",
        "HASHES = {\n    \"AWS::ApiGateway::ApiKey\": \"48205d4ffd7feba3\",\n    \"AWS::SecretsManager::Secret\": \"c85175a4ebcce361\",\n}\n",
    ),
    ("curl.sh", "curl -u \"$API_KEY:\" https://a.invalid\ncurl -u first.last@example.com: https://a.invalid\n"),
    (
        "remote.txt",
        "https://some-user-name-2024@github.com/a/b.git\nhttps://${TOKEN}:x-oauth-basic@github.com/a/b.git\n",
    ),
    (
        "captcha.html",
        "<div class=\"h-captcha\" data-sitekey=\"{U}\"></div>\n<div class=\"cf-turnstile\" data-sitekey=\"0x4AAAAAAADnPIDROrmt1Wwj\"></div>\n",
    ),
    ("wg.conf", "[Peer]\nPublicKey = {B43}=\nAllowedIPs = 10.0.0.2/32\n"),
    // Escapes.
    (
        "a.json",
        "{\"password\": \"\\u003cyour password\\u003e\", \"apiKey\": \"\\u0024{API_KEY}\", \"token\": \"\\u5bc6\\u7801\"}\n",
    ),
    (
        "a.html",
        "<pre>password = &quot;changeme&quot;\napi_key=&lt;YOUR-API-KEY&gt;</pre><a href=\"/reset%2Dpassword%2Dtoken?key=a%2Fb\">\n",
    ),
    ("a.log", "GET /oauth?token%5Ftype=bearer&redirect_uri=https%3A%2F%2Fa.example.com%2Fsome%2Dlong%2Dpath%2D2024\n"),
    ("a.c", "printf(\"%2d-%5d key%2d\\x2d\\x5f\\055\\n\", key, token);\n"),
    // Paths and addresses.
    (
        "paths.yml",
        "ssl_key: /etc/ssl/private/server-2024.key\nprivate_key_path: ~/.ssh/id_ed25519\nsecret: secrets/prod/db.yaml\ntoken_url: https://login.example.com/oauth2/v2.0/token\nauth_endpoint: https://auth.example.com/realms/prod/protocol/openid-connect\n",
    ),
    (
        "nginx.conf",
        "ssl_certificate_key /etc/letsencrypt/live/example.com/privkey.pem;\nproxy_set_header Authorization $http_authorization;\nauth_basic_user_file /etc/nginx/.htpasswd;\n",
    ),
    (
        "ssh_config",
        "IdentityFile ~/.ssh/deploy_key_2024\nPreferredAuthentications publickey\nHostKeyAlgorithms ssh-ed25519\n",
    ),
    // Algorithms, types, names.
    (
        "jwt.yml",
        "algorithm: RS256\nkey_algorithm: EC_prime256v1\ntoken_type: urn:ietf:params:oauth:token-type:access_token\nauth_method: client_secret_basic\nkeystore_type: PKCS12\n",
    ),
    ("pgp.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQINBF{K}{K}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"),
    ("a.csv", "key,value\nuser.auth.login,Log in\nuser.auth.logout,Log out\n{H32},{U}\n"),
    (
        "map.json",
        "{\"version\":3,\"sources\":[\"token.ts\"],\"mappings\":\"AAAA,SAASA,KAAKC,GAAG,IAAIC,QAAQ,GAAGC,MAAM\",\"names\":[\"secretKey\",\"accessToken\"]}\n",
    ),
    (
        "proto.h",
        "#define TOKEN_TYPE_BEARER 0x01\n#define SECRET_MAGIC 0x5ec2e7a1\nstatic const uint8_t pass_table[] = { 0x63, 0x7c, 0x77 };\n",
    ),
];
