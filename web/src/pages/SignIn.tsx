export default function SignIn() { return <main className="page"><h1>SignIn</h1></main>; }
