export default function Register() { return <main className="page"><h1>Register</h1></main>; }
